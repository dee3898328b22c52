using System.Globalization;

namespace Coordinator.Benchmarks.Output;

/// <summary>A plain table of texts, aligned: the first column left, the others right. The same in a terminal and in a file.</summary>
internal sealed class Grid(params string[] headings)
{
    private readonly List<string[]> _lines = [headings];

    public void Add(params string[] cells)
    {
        if (cells.Length != headings.Length)
            throw new ArgumentException($"{cells.Length} cells under {headings.Length} headings.", nameof(cells));
        _lines.Add(cells);
    }

    public void Write(TextWriter output)
    {
        var widths = headings.Select((_, column) => _lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in _lines)
        {
            output.WriteLine(string.Join("  ", line.Select((cell, column) =>
                column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
            if (line == _lines[0])
                output.WriteLine(string.Join("  ", widths.Select(width => new string('-', width))));
        }
    }

    /// <summary>A number with so many decimals, thousands apart; a dash for none.</summary>
    public static string Number(double? value, int decimals = 0) => value is { } number && double.IsFinite(number)
        ? number.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
        : "-";
}
