namespace Coordinator.Lab.Report.Charts;

/// <summary>Lines over a common horizontal axis.</summary>
/// <param name="Description">For those who cannot see it.</param>
/// <param name="X">What the horizontal axis is, with its unit.</param>
/// <param name="Y">What the vertical axis is, with its unit.</param>
internal sealed record LineChart(string Description, string X, string Y)
{
    private const double Width = 760, Height = 380, Left = 74, Right = 24, Top = 54, Bottom = 58;

    /// <summary>Decades instead of even steps, from left to right.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>Decades instead of even steps, from bottom to top.</summary>
    public bool LogarithmicY { get; init; }

    public IReadOnlyList<LineSeries> Series { get; init; } = [];

    public string Draw()
    {
        var points = Series.SelectMany(series => series.Points).ToList();
        var xs = points.Select(point => point.X).Distinct().Order().ToList();
        var x = LogarithmicX
            ? Scale.Decades(xs[0], xs[^1], Left, Width - Right)
            : Scale.Linear(xs[0], xs[^1], Left, Width - Right, xs);
        var highest = points.Max(point => point.Y);
        var y = LogarithmicY
            ? Scale.Decades(points.Where(point => point.Y > 0).Select(point => point.Y).DefaultIfEmpty(0.1).Min(), highest, Height - Bottom, Top)
            : Scale.FromZero(highest, Height - Bottom, Top);
        var svg = new Svg(Width, Height, Description);
        DrawAxes(svg, x, y);
        foreach (var series in Series)
        {
            svg.Path(series.Points.Select(point => (x.At(point.X), y.At(point.Y))), $"line l{series.Number}");
            foreach (var point in series.Points)
                svg.Marker(x.At(point.X), y.At(point.Y), series.Number, $"{series.Name}: {Text.Number(point.Y)} at {Text.Number(point.X)}");
        }

        svg.Legend(Left, 18, Width - Right, Series.Select(series => (series.Name, series.Number)), lines: true);
        return svg.ToString();
    }

    private void DrawAxes(Svg svg, Scale x, Scale y)
    {
        foreach (var tick in y.Ticks)
        {
            svg.Line(Left, y.At(tick), Width - Right, y.At(tick), "grid");
            svg.Text(Left - 8, y.At(tick) + 4.5, Text.Number(tick), anchor: "end");
        }

        var lastLabel = double.NegativeInfinity;
        foreach (var tick in x.Ticks)
        {
            svg.Line(x.At(tick), Height - Bottom, x.At(tick), Height - Bottom + 5, "axis");
            if (x.At(tick) - lastLabel < 26)
                continue;
            lastLabel = x.At(tick);
            svg.Text(x.At(tick), Height - Bottom + 20, Text.Number(tick), anchor: "middle");
        }

        svg.Line(Left, Height - Bottom, Width - Right, Height - Bottom, "axis");
        svg.Text((Left + Width - Right) / 2, Height - 12, X, "strong", "middle");
        svg.Text(18, (Top + Height - Bottom) / 2, Y, "strong", "middle", rotate: -90);
    }
}

/// <summary>One line; its number gives colour, marker and dash.</summary>
internal sealed record LineSeries(string Name, int Number, IReadOnlyList<(double X, double Y)> Points);
