using Spectre.Console;

namespace Coordinator.Lab;

/// <summary>Where tables and progress go: in colour in a terminal, plain in a file or a pipe.</summary>
internal static class Terminal
{
    // A file has no width; 80 columns, which are taken for it otherwise, are too few for tables.
    private const int WidthOfAFile = 160;

    /// <param name="isRedirected">True for a file or a pipe.</param>
    /// <param name="noColour">The variable NO_COLOR (no-color.org): plain in a terminal too, if it has a value.</param>
    /// <param name="output">Where to.</param>
    public static IAnsiConsole Create(bool isRedirected, string? noColour, TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected || !string.IsNullOrEmpty(noColour) ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = isRedirected ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new AnsiConsoleOutput(output),
        });
        if (isRedirected)
            console.Profile.Width = WidthOfAFile;
        return console;
    }
}
