namespace Coordinator.Lab.Report.Charts;

/// <summary>Horizontal bars in groups, each with its value written beside it.</summary>
/// <param name="Description">For those who cannot see it.</param>
/// <param name="X">What the bars measure, with the unit.</param>
internal sealed record BarChart(string Description, string X)
{
    private const double Width = 760, Right = 90, Top = 46, Bottom = 48, Bar = 18, Between = 16;

    /// <summary>What the bars of each group are, in their order; its number gives the colour.</summary>
    public IReadOnlyList<(string Name, int Number)> Series { get; init; } = [];

    /// <summary>Groups from top to bottom: a name, and a value for each series; null where there is none.</summary>
    public IReadOnlyList<(string Name, IReadOnlyList<double?> Values)> Groups { get; init; } = [];

    /// <summary>How a value is written; null: as a number.</summary>
    public Func<double, string>? Format { get; init; }

    /// <summary>Decades instead of even steps: for values that lie far apart. Zero has no length then.</summary>
    public bool Logarithmic { get; init; }

    /// <summary>The values are counts: no ticks between them.</summary>
    public bool CountsWhole { get; init; }

    // As wide as the longest name needs.
    private double Left => 24 + (Groups.Max(group => group.Name.Length) * 8.3);

    public string Draw()
    {
        var groupHeight = (Series.Count * Bar) + Between;
        var height = Top + (Groups.Count * groupHeight) + Bottom;
        var values = Groups.SelectMany(group => group.Values).OfType<double>().ToList();
        var highest = values.DefaultIfEmpty(1).Max();
        var x = Logarithmic
            ? Scale.Decades(Math.Min(1, values.Where(value => value > 0).DefaultIfEmpty(1).Min()), highest, Left, Width - Right)
            : Scale.FromZero(highest, Left, Width - Right, CountsWhole ? 1 : 0);
        var svg = new Svg(Width, height, Description);
        foreach (var tick in x.Ticks)
        {
            svg.Line(x.At(tick), Top, x.At(tick), height - Bottom, "grid");
            svg.Text(x.At(tick), height - Bottom + 17, Format?.Invoke(tick) ?? Text.Number(tick), anchor: "middle");
        }

        for (var group = 0; group < Groups.Count; group++)
        {
            var top = Top + (group * groupHeight) + (Between / 2);
            svg.Text(Left - 10, top + (Series.Count * Bar / 2) + 4.5, Groups[group].Name, "strong", "end");
            for (var i = 0; i < Series.Count; i++)
            {
                if (Groups[group].Values[i] is not { } value)
                    continue;
                var end = value <= 0 ? Left : x.At(value);
                svg.Rectangle(Left, top + (i * Bar) + 1, end - Left, Bar - 2, $"f{Series[i].Number}", $"{Groups[group].Name}, {Series[i].Name}: {Text.Number(value)}");
                svg.Text(end + 6, top + (i * Bar) + 13.5, Format?.Invoke(value) ?? Text.Number(value));
            }
        }

        svg.Line(Left, Top, Left, height - Bottom, "axis");
        svg.Text((Left + Width - Right) / 2, height - 10, X, "strong", "middle");
        if (Series.Count > 1)
            svg.Legend(20, 20, Width, Series, lines: false);
        return svg.ToString();
    }
}
