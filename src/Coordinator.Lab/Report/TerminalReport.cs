using Spectre.Console;

namespace Coordinator.Lab.Report;

/// <summary>Sections as tables and sentences in a terminal.</summary>
internal static class TerminalReport
{
    public static void Write(IAnsiConsole console, Section section)
    {
        console.WriteLine();
        console.Write(new Rule($"[bold]{section.Number}. {Markup.Escape(section.Title)}[/]") { Justification = Justify.Left });
        foreach (var table in section.Tables)
            Write(console, table);
        foreach (var conclusion in section.Conclusions)
            console.Write(new Padder(new Markup($"[bold]·[/] {Markup.Escape(conclusion)}"), new Padding(0, 0, 0, 1)));
    }

    private static void Write(IAnsiConsole console, Table table)
    {
        var view = new Spectre.Console.Table { Title = new TableTitle(Markup.Escape(table.Title)), Border = TableBorder.Rounded };
        var columns = Math.Min(table.TerminalColumns, table.Columns.Count);
        for (var column = 0; column < columns; column++)
        {
            var isNumber = Cells.AreNumbers(table, column);
            view.AddColumn(new TableColumn(Markup.Escape(table.Columns[column])) { Alignment = isNumber ? Justify.Right : Justify.Left });
        }

        foreach (var row in table.Rows)
            view.AddRow([.. row.Take(columns).Select(Markup.Escape)]);
        console.Write(view);
    }
}

/// <summary>How cells are set.</summary>
internal static class Cells
{
    /// <summary>True if a column holds figures, which stand on the right.</summary>
    public static bool AreNumbers(Table table, int column) =>
        table.Rows.Count > 0 && table.Rows.All(row => row[column].Length == 0 || char.IsAsciiDigit(row[column][0]) || row[column][0] is '-' or '–');
}
