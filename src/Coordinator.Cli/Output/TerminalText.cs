using Spectre.Console;

namespace Coordinator.Cli.Output;

/// <summary>Borders and colours for a person at a terminal. Long cells wrap at its width.</summary>
internal sealed class TerminalText : IText
{
    private readonly IAnsiConsole _console;

    public TerminalText(Terminal terminal)
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal.Out),
            Ansi = terminal.AllowsColour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = terminal.AllowsColour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        _console.Profile.Width = terminal.Width;
        _console.Profile.Capabilities.Unicode = true;
    }

    public void Line(Cell text) => _console.Write(new Text(Clean(text.Text) + "\n", StyleOf(text.Tone)));

    public void Fields(IReadOnlyList<(string Name, Cell Value)> fields)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach (var (name, value) in fields)
            grid.AddRow(new Text(name, new Style(decoration: Decoration.Dim)), ToText(value));
        _console.Write(grid);
    }

    public void Table(string title, IReadOnlyList<string> headers, IReadOnlyList<IReadOnlyList<Cell>> rows)
    {
        var table = new Table().Border(TableBorder.Rounded);
        if (title.Length > 0)
            table.Title(Markup.Escape(title));
        foreach (var header in headers)
            table.AddColumn(new TableColumn(new Text(header, new Style(decoration: Decoration.Bold))));
        foreach (var row in rows)
            table.AddRow(row.Select(ToText));
        _console.Write(table);
    }

    private static Text ToText(Cell cell) => new(Clean(cell.Text), StyleOf(cell.Tone));

    private static Style StyleOf(Tone tone) => tone switch
    {
        Tone.Good => new Style(Color.Green),
        Tone.Warning => new Style(Color.Yellow),
        Tone.Bad => new Style(Color.Red),
        _ => Style.Plain,
    };

    // What a database tells may hold escape sequences, which would be the terminal's to obey.
    private static string Clean(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
