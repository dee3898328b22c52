using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Coordinator.Server;

/// <summary>Reads address:port. No names: what is listened on must not depend on a resolver.</summary>
internal static class ListenAddress
{
    public static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        // IPEndPoint takes an address without a port too, and an IPv6 address without brackets.
        var separator = text.LastIndexOf(':');
        var isBracketed = text.StartsWith('[');
        if (separator < 0 || (isBracketed != text[..separator].Contains(':', StringComparison.Ordinal)) || text[^1] == ']')
            return false;
        var named = text.StartsWith("localhost:", StringComparison.Ordinal) ? "127.0.0.1" + text[separator..] : text;
        return IPEndPoint.TryParse(named, out endpoint);
    }

    public static IPEndPoint Parse(string text) => TryParse(text, out var endpoint)
        ? endpoint
        : throw new FormatException($"'{text}' is not address:port.");
}
