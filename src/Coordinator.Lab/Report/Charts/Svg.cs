using System.Globalization;
using System.Net;
using System.Text;

namespace Coordinator.Lab.Report.Charts;

/// <summary>Writes SVG elements; coordinates in pixels of the drawing, from the top left.</summary>
internal sealed class Svg
{
    private readonly StringBuilder _text = new();

    /// <summary>Begins a drawing.</summary>
    /// <param name="width">Of the drawing.</param>
    /// <param name="height">Of the drawing.</param>
    /// <param name="description">For those who cannot see it.</param>
    public Svg(double width, double height, string description) =>
        Write($"<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:0} {height:0}\" role=\"img\" aria-label=\"{Encode(description)}\">");

    public void Line(double x1, double y1, double x2, double y2, string style) =>
        Write($"<line class=\"{style}\" x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\"/>");

    public void Rectangle(double x, double y, double width, double height, string style, string? hint = null) =>
        Write($"<rect class=\"{style}\" x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{Math.Max(0, width):0.#}\" height=\"{Math.Max(0, height):0.#}\" rx=\"2\">{Hint(hint)}</rect>");

    public void Text(double x, double y, string text, string style = "", string anchor = "start", int rotate = 0)
    {
        var turned = rotate == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" transform=\"rotate({rotate} {x:0.#} {y:0.#})\"");
        Write($"<text class=\"{style}\" x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\"{turned}>{Encode(text)}</text>");
    }

    public void Path(IEnumerable<(double X, double Y)> points, string style)
    {
        var path = string.Join('L', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X:0.#} {point.Y:0.#}")));
        if (path.Length > 0)
            Write($"<path class=\"{style}\" d=\"M{path}\"/>");
    }

    /// <summary>A series' marker; its shape follows from its number.</summary>
    public void Marker(double x, double y, int series, string? hint = null)
    {
        const double r = 4.5;
        var shape = (series % 4) switch
        {
            1 => string.Create(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"{r}\" class=\"f{series}\">"),
            2 => string.Create(CultureInfo.InvariantCulture, $"<rect x=\"{x - r:0.#}\" y=\"{y - r:0.#}\" width=\"{2 * r}\" height=\"{2 * r}\" class=\"f{series}\">"),
            3 => string.Create(CultureInfo.InvariantCulture, $"<path d=\"M{x:0.#} {y - r - 1:0.#}L{x + r + 1:0.#} {y + r:0.#}H{x - r - 1:0.#}Z\" class=\"f{series}\">"),
            _ => string.Create(CultureInfo.InvariantCulture, $"<path d=\"M{x:0.#} {y - r - 1:0.#}L{x + r + 1:0.#} {y:0.#}L{x:0.#} {y + r + 1:0.#}L{x - r - 1:0.#} {y:0.#}Z\" class=\"f{series}\">"),
        };
        _text.Append(shape).Append(Hint(hint)).Append(shape.AsSpan(0, 3) switch { "<ci" => "</circle>", "<re" => "</rect>", _ => "</path>" });
    }

    /// <summary>Names with their markers, in as many rows as they need.</summary>
    public void Legend(double x, double y, double right, IEnumerable<(string Name, int Series)> series, bool lines)
    {
        var at = x;
        foreach (var (name, number) in series)
        {
            var width = 50 + (name.Length * 8.4);
            if (at > x && at + width - 10 > right)
                (at, y) = (x, y + 19);
            if (lines)
            {
                Line(at, y - 4, at + 26, y - 4, $"line l{number}");
                Marker(at + 13, y - 4, number);
            }
            else
            {
                Rectangle(at + 8, y - 11, 14, 12, $"f{number}");
            }

            Text(at + 32, y, name, "strong");
            at += width;
        }
    }

    public override string ToString() => _text + "</svg>";

    private static string Hint(string? hint) => hint is null ? "" : $"<title>{Encode(hint)}</title>";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private void Write(FormattableString element) => _text.Append(element.ToString(CultureInfo.InvariantCulture));
}
