using Spectre.Console;

namespace Coordinator.Lab.Tests;

public class TerminalTests
{
    [Fact]
    public void Create_ForAFile_WritesNoEscapeCodesAndWideTables()
    {
        using var file = new StringWriter();
        var console = Terminal.Create(isRedirected: true, noColour: null, file);

        console.MarkupLine("[bold red]locked[/]");
        console.WriteLine(new string('x', 150));

        Assert.Equal(["locked", new string('x', 150)], file.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
