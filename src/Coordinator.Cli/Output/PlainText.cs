namespace Coordinator.Cli.Output;

/// <summary>Lines for pipes and files: columns two spaces apart, never wrapped or cut, no trailing spaces.</summary>
internal sealed class PlainText(TextWriter writer) : IText
{
    private const string Gap = "  ";

    public void Line(Cell text) => writer.WriteLine(OneLine(text.Text));

    public void Fields(IReadOnlyList<(string Name, Cell Value)> fields)
    {
        var width = fields.Max(field => field.Name.Length);
        foreach (var (name, value) in fields)
            writer.WriteLine($"{name.PadRight(width)}{Gap}{OneLine(value.Text)}".TrimEnd());
    }

    public void Table(string title, IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<Cell>> rows)
    {
        if (title.Length > 0)
            writer.WriteLine($"{Environment.NewLine}{title}");
        var lines = rows.Select(row => row.Select(cell => OneLine(cell.Text)).ToList())
            .Prepend([.. headers.Select(header => header.ToUpperInvariant())])
            .ToList();
        var widths = headers.Select((_, column) => lines.Max(line => line[column].Length)).ToList();
        foreach (var line in lines)
            writer.WriteLine(string.Join(Gap, line.Select((text, column) => text.PadRight(widths[column]))).TrimEnd());
    }

    // A database's message may have several lines, and control characters that would move a terminal's cursor.
    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
