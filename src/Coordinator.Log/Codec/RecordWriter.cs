using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace Coordinator.Log;

/// <summary>Writes the fields of one record: little-endian numbers, texts as a length (LEB128) and UTF-8.</summary>
internal sealed class RecordWriter
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void Length(int value)
    {
        var rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7)
            Byte((byte)(rest | 0x80));
        Byte((byte)rest);
    }

    /// <summary>The instant in UTC; a record keeps no time zone.</summary>
    public void Time(DateTimeOffset value) => Int64(value.UtcTicks);

    /// <summary>A text that means something to a program.</summary>
    /// <exception cref="ArgumentException">Longer than the limit, or no valid Unicode.</exception>
    public void Text(string value, string field)
    {
        // A key that were replaced in part would no longer be the caller's key: an unpaired surrogate is refused.
        var bytes = Strict.GetBytes(value);
        if (bytes.Length > RecordLimits.MaxTextBytes)
            throw new ArgumentException($"{field} takes {bytes.Length} bytes; a record has room for {RecordLimits.MaxTextBytes}.", field);
        Bytes(bytes);
    }

    public void OptionalText(string? value, string field)
    {
        Byte(value is null ? (byte)0 : (byte)1);
        if (value is not null)
            Text(value, field);
    }

    /// <summary>A text for people: cut at the limit, at a character's border.</summary>
    public void PeopleText(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        if (bytes.Length <= RecordLimits.MaxPeopleTextBytes)
        {
            Bytes(bytes);
            return;
        }

        var ellipsis = "…"u8;
        var length = RecordLimits.MaxPeopleTextBytes - ellipsis.Length;
        while ((bytes[length] & 0xC0) == 0x80)
            length--;
        ellipsis.CopyTo(bytes.AsSpan(length));
        Bytes(bytes.AsSpan(0, length + ellipsis.Length));
    }

    public void OptionalPeopleText(string? value)
    {
        Byte(value is null ? (byte)0 : (byte)1);
        if (value is not null)
            PeopleText(value);
    }

    /// <summary>The ids of a sampled trace and of its span.</summary>
    public void Trace(ActivityContext trace)
    {
        Span<byte> ids = stackalloc byte[24];
        trace.TraceId.CopyTo(ids[..16]);
        trace.SpanId.CopyTo(ids[16..]);
        _buffer.Write(ids);
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        Length(bytes.Length);
        _buffer.Write(bytes);
    }
}
