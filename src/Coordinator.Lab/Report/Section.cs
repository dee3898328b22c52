namespace Coordinator.Lab.Report;

/// <summary>An experiment as it is told: terminal and HTML page are made from this, and this from its result alone.</summary>
/// <param name="Number">1 to 6.</param>
/// <param name="Id">The command that runs it.</param>
/// <param name="Title">In a few words.</param>
/// <param name="Question">What it is to answer.</param>
/// <param name="Method">How it was measured, a paragraph each.</param>
/// <param name="Parameters">What it ran with, by name.</param>
internal sealed record Section(
    int Number, string Id, string Title, string Question, IReadOnlyList<string> Method, IReadOnlyList<(string Name, string Value)> Parameters)
{
    public IReadOnlyList<Figure> Figures { get; init; } = [];

    public IReadOnlyList<Table> Tables { get; init; } = [];

    /// <summary>In plain words, from the numbers of this run.</summary>
    public IReadOnlyList<string> Conclusions { get; init; } = [];

    /// <summary>Split outcomes under two-phase commit: anything but 0 is a defect.</summary>
    public int Split { get; init; }
}

/// <summary>A chart.</summary>
/// <param name="Id">For links and files: lower case letters, digits and hyphens.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Caption">How to read it.</param>
/// <param name="Svg">An svg element without a style of its own; see <see cref="Charts.ChartStyle"/>.</param>
internal sealed record Figure(string Id, string Title, string Caption, string Svg);

/// <summary>A table; cells that are numbers stand on the right.</summary>
internal sealed record Table(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>How many columns, from the left, a terminal has room for.</summary>
    public int TerminalColumns { get; init; } = 7;
}
