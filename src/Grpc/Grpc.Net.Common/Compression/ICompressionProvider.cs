using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>A way to compress messages, known to the peer by its name.</summary>
public interface ICompressionProvider
{
    /// <summary>The name in <c>grpc-encoding</c> and <c>grpc-accept-encoding</c>.</summary>
    string EncodingName { get; }

    /// <summary>A stream that writes compressed bytes to the given one; null means the provider's own level.</summary>
    Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel);

    /// <summary>A stream that reads compressed bytes from the given one.</summary>
    Stream CreateDecompressionStream(Stream stream);
}
