using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace Coordinator.Log;

/// <summary>
/// Reads what <see cref="RecordWriter"/> wrote. Every byte is doubted: anything but a well-formed field is a
/// <see cref="FormatException"/>, which the codec turns into a refusal that names the record.
/// </summary>
internal ref struct RecordReader(ReadOnlySpan<byte> body)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest = body;

    public readonly void ExpectEnd()
    {
        if (_rest.Length > 0)
            throw new FormatException($"{_rest.Length} bytes follow the last field");
    }

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public long Positive()
    {
        var value = Int64();
        return value > 0 ? value : throw new FormatException("a number that counts from 1 is not positive");
    }

    public int EpochNumber()
    {
        var value = UInt32();
        return value is > 0 and <= Epoch.MaxNumber ? (int)value : throw new FormatException("an epoch number is out of range");
    }

    public DateTimeOffset Time()
    {
        var ticks = Int64();
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw new FormatException("a time is out of range");
    }

    public int Length(int max)
    {
        uint value = 0;
        for (var shift = 0; shift <= 21; shift += 7)
        {
            var part = Byte();
            value |= (uint)(part & 0x7F) << shift;
            if (part < 0x80)
                return value <= max ? (int)value : throw new FormatException($"a length of {value} is above {max}");
        }

        throw new FormatException("a length has more than four bytes");
    }

    public string Text() => Decode(Take(Length(RecordLimits.MaxTextBytes)));

    public string PeopleText() => Decode(Take(Length(RecordLimits.MaxPeopleTextBytes)));

    public string? OptionalText() => IsPresent() ? Text() : null;

    public string? OptionalPeopleText() => IsPresent() ? PeopleText() : null;

    public bool IsPresent() => Byte() switch
    {
        0 => false,
        1 => true,
        var other => throw new FormatException($"a presence byte is {other}"),
    };

    public T Enum<T>()
        where T : struct, Enum
    {
        var value = (T)System.Enum.ToObject(typeof(T), (int)Byte());
        return System.Enum.IsDefined(value) ? value : throw new FormatException($"there is no {typeof(T).Name} {value:D}");
    }

    public ActivityContext Trace()
    {
        var trace = ActivityTraceId.CreateFromBytes(Take(16));
        var span = ActivitySpanId.CreateFromBytes(Take(8));
        return trace == default || span == default
            ? throw new FormatException("a trace has the id zero")
            : new ActivityContext(trace, span, ActivityTraceFlags.Recorded, traceState: null, isRemote: true);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_rest.Length < count)
            throw new FormatException("it ends within a field");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("a text is not UTF-8", e);
        }
    }
}
