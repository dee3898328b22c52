using System.Globalization;
using System.Xml.Linq;

namespace Coordinator.Benchmarks.Output;

/// <summary>Rows as horizontal bars, one group of bars a number of workers and pair of databases.</summary>
internal static class Chart
{
    private const int LabelWidth = 190, BarWidth = 460, ValueWidth = 130, LineHeight = 22, GroupGap = 34, Top = 64;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    // A case keeps its colour over all groups. They differ in lightness too, for those who see no hues.
    private static readonly string[] Colours =
        ["#555555", "#999999", "#0b6e4f", "#5fb49c", "#1f4e8c", "#6f9bd1", "#b5651d", "#e0a458", "#7b3f8c", "#b58bc2"];

    /// <param name="title">Above it all.</param>
    /// <param name="unit">What the bars count.</param>
    /// <param name="rows">In the order of the bars.</param>
    /// <param name="value">A row's bar; rows without are left out.</param>
    public static string Draw(string title, string unit, IReadOnlyList<Row> rows, Func<Row, double?> value)
    {
        var shown = rows.Where(row => value(row) is not null).ToList();
        var cases = shown.Select(row => row.Case).Distinct().ToList();
        var longest = shown.Select(row => value(row)!.Value).DefaultIfEmpty(1).Max();
        var content = new List<XElement> { Text(16, 26, title, "bold 16px"), Text(16, 46, unit, "12px") };
        var y = Top;
        foreach (var group in shown.GroupBy(row => (row.Databases, row.Workers)))
        {
            content.Add(Text(16, y + 14, Heading(group.Key.Databases, group.Key.Workers), "bold 12px"));
            y += LineHeight;
            foreach (var row in group)
            {
                content.AddRange(Bar(row, value(row)!.Value, longest, y, Colours[cases.IndexOf(row.Case) % Colours.Length]));
                y += LineHeight;
            }

            y += GroupGap - LineHeight;
        }

        var (width, height) = (LabelWidth + BarWidth + ValueWidth, y + 8);
        return new XDocument(new XElement(
            Svg + "svg",
            new XAttribute("width", width),
            new XAttribute("height", height),
            new XAttribute("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {width} {height}")),
            new XAttribute("role", "img"),
            new XElement(Svg + "title", title),
            Rectangle(0, 0, width, height, "#ffffff"),
            content)).ToString();
    }

    private static string Heading(string? databases, int workers) =>
        string.Join(", ", new[] { databases, workers == 1 ? "1 worker" : string.Create(CultureInfo.InvariantCulture, $"{workers} workers") }.OfType<string>());

    private static IEnumerable<XElement> Bar(Row row, double value, double longest, int y, string colour)
    {
        var length = longest > 0 ? Math.Max(1, value / longest * BarWidth) : 1;
        var ratio = row.RatioToFloor is { } floor ? string.Create(CultureInfo.InvariantCulture, $" ({floor:0.00})") : "";
        yield return Text(16, y + 14, row.Case, "12px");
        yield return Rectangle(LabelWidth, y, length, LineHeight - 5, colour);
        yield return Text(LabelWidth + length + 6, y + 14, Grid.Number(value, value < 10 ? 2 : 0) + ratio, "12px");
    }

    private static XElement Rectangle(double x, double y, double width, double height, string colour) => new(
        Svg + "rect", Number("x", x), Number("y", y), Number("width", width), Number("height", height), new XAttribute("fill", colour));

    private static XElement Text(double x, double y, string text, string font) => new(
        Svg + "text", Number("x", x), Number("y", y), new XAttribute("style", $"font: {font} sans-serif"), new XAttribute("fill", "#222222"), text);

    private static XAttribute Number(string name, double value) => new(name, value.ToString("0.#", CultureInfo.InvariantCulture));
}
