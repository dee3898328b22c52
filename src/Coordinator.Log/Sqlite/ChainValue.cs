using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Coordinator.Log;

/// <summary>
/// The checksum that each record carries: over the one before, its position and its body. So a record that was
/// changed, removed or put in from elsewhere breaks the chain there. SHA-256 cut to 16 bytes: it is in the base library,
/// costs about a microsecond, and no pattern of damage passes it. It is no defence against somebody who rewrites the log.
/// </summary>
internal readonly record struct ChainValue(UInt128 Value)
{
    public const int Size = 16;

    /// <summary>Before the first record. Not zero, so that a zeroed page never looks like a beginning.</summary>
    public static readonly ChainValue Genesis = Of("coordinator log, chain 1"u8);

    public static ChainValue Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, hash);
        return Read(hash[..Size]);
    }

    public static ChainValue Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128LittleEndian(bytes));

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128LittleEndian(destination, Value);

    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    public ChainValue Next(long position, ReadOnlySpan<byte> body)
    {
        const int HeaderSize = Size + sizeof(long);
        var length = HeaderSize + body.Length;
        var buffer = length <= 1024 ? stackalloc byte[length] : new byte[length];
        Write(buffer);
        BinaryPrimitives.WriteInt64LittleEndian(buffer[Size..], position);
        body.CopyTo(buffer[HeaderSize..]);
        return Of(buffer);
    }
}
