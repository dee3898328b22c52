namespace Coordinator.Lab.Report.Charts;

/// <summary>Panels one above the other over one axis of time, with moments marked through all of them.</summary>
/// <param name="Description">For those who cannot see it.</param>
/// <param name="Seconds">How long it goes.</param>
internal sealed record TimeLine(string Description, double Seconds)
{
    private const double Width = 760, Left = 60, Right = 20, Top = 40, PanelHeight = 74, PanelGap = 40, Bottom = 46;

    public IReadOnlyList<TimePanel> Panels { get; init; } = [];

    /// <summary>What happened when, in seconds.</summary>
    public IReadOnlyList<(double At, string What)> Events { get; init; } = [];

    /// <summary>From when to when something was down, in seconds; shaded.</summary>
    public (double From, double To)? Down { get; init; }

    public string Draw()
    {
        var height = Top + (Panels.Count * (PanelHeight + PanelGap)) + Bottom;
        var svg = new Svg(Width, height, Description);
        var step = Seconds > 24 ? 4 : Seconds > 12 ? 2 : 1;
        var x = Scale.Linear(0, Seconds, Left, Width - Right, [.. Enumerable.Range(0, (int)(Seconds / step) + 1).Select(n => (double)n * step)]);
        var bottom = height - Bottom;
        if (Down is { } down)
            svg.Rectangle(x.At(down.From), Top, x.At(down.To) - x.At(down.From), bottom - Top, "down");
        for (var i = 0; i < Panels.Count; i++)
            DrawPanel(svg, Panels[i], x, Top + PanelGap + (i * (PanelHeight + PanelGap)) - 8);
        DrawEvents(svg, x, bottom);
        foreach (var tick in x.Ticks)
            svg.Text(x.At(tick), bottom + 18, Text.Number(tick), anchor: "middle");
        svg.Text((Left + Width - Right) / 2, height - 6, "seconds", "strong", "middle");
        return svg.ToString();
    }

    private static void DrawPanel(Svg svg, TimePanel panel, Scale x, double top)
    {
        var y = Scale.FromZero(Math.Max(1, panel.Points.Select(point => point.Y).DefaultIfEmpty(1).Max()), top + PanelHeight, top);
        foreach (var tick in new[] { y.Ticks[0], y.Ticks[^1] })
        {
            svg.Line(Left, y.At(tick), Width - Right, y.At(tick), tick == 0 ? "axis" : "grid");
            svg.Text(Left - 7, y.At(tick) + 4.5, Text.Number(tick), anchor: "end");
        }

        var line = panel.Points.Select(point => (x.At(point.At), y.At(point.Y))).ToList();
        if (line.Count > 0)
            svg.Path([(line[0].Item1, y.At(0)), .. line, (line[^1].Item1, y.At(0))], $"area f{panel.Number}");
        svg.Path(line, $"line solid l{panel.Number}");
        svg.Text(Left, top - 7, panel.Title, $"f{panel.Number}");
    }

    // Labels that would run into each other stand in a second row.
    private void DrawEvents(Svg svg, Scale x, double bottom)
    {
        double[] rowEnds = [double.NegativeInfinity, double.NegativeInfinity];
        foreach (var (at, what) in Events.OrderBy(moment => moment.At))
        {
            var half = what.Length * 3.6;
            var middle = Math.Clamp(x.At(at), Left + half - 40, Width - half - 4);
            var row = middle - half > rowEnds[0] ? 0 : middle - half > rowEnds[1] ? 1 : 0;
            rowEnds[row] = middle + half + 8;
            svg.Line(x.At(at), Top - 2 - (row * 16), x.At(at), bottom, "event");
            svg.Text(middle, Top - 8 - (row * 16), what, "event", "middle");
        }
    }
}

/// <summary>One panel: a value over time, in seconds.</summary>
internal sealed record TimePanel(string Title, int Number, IReadOnlyList<(double At, double Y)> Points);
