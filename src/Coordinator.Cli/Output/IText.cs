namespace Coordinator.Cli.Output;

/// <summary>What a text says by its colour. Never the only way in which it says it.</summary>
internal enum Tone
{
    Plain,
    Good,
    Warning,
    Bad,
}

/// <summary>A piece of text in a table or a list.</summary>
internal readonly record struct Cell(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(text ?? "");

    public static implicit operator Cell(long number) => new(number.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public static implicit operator Cell(DateTimeOffset? at) =>
        new(at?.ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) ?? "");
}

/// <summary>Results for people: borders and colours on a terminal, plain lines elsewhere.</summary>
internal interface IText
{
    void Line(Cell text);

    /// <summary>Names and values, one a line.</summary>
    void Fields(IReadOnlyList<(string Name, Cell Value)> fields);

    /// <summary>A table with a title; the title is left out if it is empty.</summary>
    void Table(string title, IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<Cell>> rows);
}
