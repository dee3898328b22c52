using System.Buffers;
using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>What a metadata key may look like on the wire.</summary>
internal static class MetadataKey
{
    private static readonly SearchValues<char> _allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>Checks the key and returns it in lower case, as HTTP/2 demands.</summary>
    internal static string Normalize(string key)
    {
        GrpcPreconditions.CheckNotNull(key, nameof(key));
        GrpcPreconditions.CheckArgument(
            !key.AsSpan().ContainsAnyExcept(_allowed),
            "A metadata key consists of letters, digits, dots, underscores and hyphens.");
        return key.ToLowerInvariant();
    }

    internal static bool IsBinary(string normalizedKey) =>
        normalizedKey.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.Ordinal);
}
