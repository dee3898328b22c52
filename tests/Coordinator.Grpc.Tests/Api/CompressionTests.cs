using System.IO.Compression;
using Grpc.Net.Compression;

namespace Coordinator.Grpc.Tests.Api;

public class CompressionTests
{
    /// <summary>The first byte tells gzip, and zlib from raw deflate.</summary>
    [Theory]
    [InlineData("gzip", 0x1f)]
    [InlineData("deflate", 0x78)]
    public void Provider_RoundTrip_IsInTheNamedFormat(string name, byte firstByte)
    {
        ICompressionProvider provider = name == "gzip"
            ? new GzipCompressionProvider(CompressionLevel.Fastest)
            : new DeflateCompressionProvider(CompressionLevel.Fastest);
        byte[] original = new byte[10_000];
        var compressed = new MemoryStream();
        using (Stream stream = provider.CreateCompressionStream(compressed, null))
            stream.Write(original);

        byte[] bytes = compressed.ToArray();
        var decompressed = new MemoryStream();
        using (Stream stream = provider.CreateDecompressionStream(new MemoryStream(bytes)))
            stream.CopyTo(decompressed);

        Assert.Equal(name, provider.EncodingName);
        Assert.Equal(firstByte, bytes[0]);
        Assert.InRange(bytes.Length, 1, 1000);
        Assert.Equal(original, decompressed.ToArray());
    }
}
