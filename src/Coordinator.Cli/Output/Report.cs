using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Coordinator.Cli.Output;

/// <summary>A command's result: one JSON document for programs, or text for people.</summary>
internal sealed class Report(Terminal terminal, bool asJson)
{
    /// <param name="document">For programs.</param>
    /// <param name="type">How the document is written.</param>
    /// <param name="text">Writes the same for people.</param>
    public void Write<T>(T document, JsonTypeInfo<T> type, Action<IText> text)
    {
        if (asJson)
            terminal.Out.WriteLine(JsonSerializer.Serialize(document, type));
        else
            text(terminal.OutIsTerminal ? new TerminalText(terminal) : new PlainText(terminal.Out));
        // A watch is read while it goes on.
        terminal.Out.Flush();
    }
}
