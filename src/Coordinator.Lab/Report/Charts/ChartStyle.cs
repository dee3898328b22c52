namespace Coordinator.Lab.Report.Charts;

/// <summary>
/// The look of all charts, once: inside the report it stands in the page's own style, and in a file of its own in the svg.
/// Series differ in colour, marker and dash, so that they can be told apart without seeing colours.
/// </summary>
internal static class ChartStyle
{
    public const int SeriesCount = 6;

    private const string Light =
        "--ink:#1c2430;--muted:#5a6675;--grid:#dfe4ea;--panel:#ffffff;--event:#8a3b12;"
        + "--s1:#0b62a8;--s2:#c2410c;--s3:#0f766e;--s4:#86318f;--s5:#7a5b00;--s6:#5a6675;";

    private const string Dark =
        "--ink:#e8edf3;--muted:#a3b0bf;--grid:#323c48;--panel:#171d25;--event:#f0a35e;"
        + "--s1:#63b3ff;--s2:#ff9457;--s3:#3fd4be;--s4:#e08cf0;--s5:#e6c34a;--s6:#a3b0bf;";

    /// <summary>The colours, by the reader's preference.</summary>
    public static string Variables(string selector) =>
        $"{selector}{{color-scheme:light dark;{Light}}}@media(prefers-color-scheme:dark){{{selector}{{{Dark}}}}}";

    /// <summary>The rules for what charts are made of.</summary>
    public static string Rules { get; } =
        ".chart text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:var(--muted)}"
        + ".chart .strong{fill:var(--ink);font-weight:600}"
        + ".chart .grid{stroke:var(--grid);stroke-width:1}.chart .axis{stroke:var(--muted);stroke-width:1}"
        + ".chart .event{stroke:var(--event);stroke-width:1.5;stroke-dasharray:5 4}.chart text.event{stroke:none;fill:var(--event);font-weight:600}"
        + ".chart .down{fill:var(--event);opacity:.1}"
        + ".chart .line{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}.chart .area{stroke:none;opacity:.22}"
        + string.Concat(Enumerable.Range(1, SeriesCount).Select(n =>
            $".chart .l{n}{{stroke:var(--s{n})}}.chart .f{n}{{fill:var(--s{n})}}.chart text.f{n}{{font-weight:600}}"))
        + ".chart .l2{stroke-dasharray:9 5}.chart .l3{stroke-dasharray:2.5 5}.chart .l4{stroke-dasharray:12 4 2 4}.chart .solid{stroke-dasharray:none}";

    /// <summary>A chart as a file of its own.</summary>
    public static string Standalone(string svg)
    {
        var end = svg.IndexOf('>', StringComparison.Ordinal) + 1;
        return string.Concat(
            svg.AsSpan(0, end),
            $"<style>{Variables("svg")}{Rules}.backdrop{{fill:var(--panel)}}</style><rect class=\"backdrop\" width=\"100%\" height=\"100%\" rx=\"8\"/>",
            svg.AsSpan(end));
    }
}
