namespace Coordinator.ResourceManagers;

/// <summary>Makes a foreign id fit for people's eyes: a scan may return anything.</summary>
internal static class PrintableText
{
    private const int MaxLength = 200;

    /// <summary>Printable ASCII stays, everything else becomes a dot; cut at 200 characters.</summary>
    public static string Of(string raw) => string.Create(
        Math.Min(raw.Length, MaxLength),
        raw,
        static (text, raw) =>
        {
            for (var i = 0; i < text.Length; i++)
                text[i] = raw[i] is >= ' ' and <= '~' ? raw[i] : '.';
        });
}
