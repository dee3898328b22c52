using System.Text.Json;

namespace Coordinator.Cli.Output;

/// <summary>An error, for people or for programs.</summary>
/// <param name="Code">usage, refused, unavailable or canceled: one for each exit code.</param>
/// <param name="Reason">The coordinator's own reason, a name of errors.proto; null if it gave none.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Hint">What to do.</param>
internal sealed record ErrorDocument(string Code, string? Reason, string Message, string Hint)
{
    public void WriteTo(TextWriter error, bool asJson)
    {
        if (asJson)
        {
            error.WriteLine(JsonSerializer.Serialize(new ErrorEnvelope(this), Documents.Types.ErrorEnvelope));
            return;
        }

        error.WriteLine(Reason is null ? $"coordctl: {Message}" : $"coordctl: {Message} ({Reason})");
        error.WriteLine(Hint);
    }
}

/// <summary>What stands on stderr with <c>-o json</c>.</summary>
internal sealed record ErrorEnvelope(ErrorDocument Error);
