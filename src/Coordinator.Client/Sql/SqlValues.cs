using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Value = Coordinator.Contracts.V1.Value;

namespace Coordinator.Client.Sql;

/// <summary>.NET's values and the contract's, both ways.</summary>
internal static class SqlValues
{
    private const string DateFormat = "yyyy-MM-dd";

    public static IEnumerable<Value> Encode(IReadOnlyList<object?>? parameters) =>
        (parameters ?? []).Select((parameter, index) => Encode(parameter) ?? throw new ArgumentException(
            $"Parameter {index + 1} is a {parameter!.GetType()}, which has no place in a statement.", nameof(parameters)));

    /// <summary>Null for a type that the contract does not have.</summary>
    public static Value? Encode(object? value) => value switch
    {
        null or DBNull => new Value { Null = Contracts.V1.NullValue.NullValue },
        bool flag => new Value { Bool = flag },
        sbyte or byte or short or ushort or int or uint or long => new Value
        {
            Int64 = Convert.ToInt64(value, CultureInfo.InvariantCulture),
        },
        ulong number when number <= long.MaxValue => new Value { Int64 = (long)number },
        ulong number => new Value { Decimal = number.ToString(CultureInfo.InvariantCulture) },
        float number => new Value { Double = number },
        double number => new Value { Double = number },
        decimal number => new Value { Decimal = number.ToString(CultureInfo.InvariantCulture) },
        string text => new Value { String = text },
        byte[] bytes => new Value { Bytes = ByteString.CopyFrom(bytes) },
        DateTimeOffset moment => new Value { Timestamp = Timestamp.FromDateTimeOffset(moment) },
        // A local or unspecified time names no moment that both sides would agree on.
        DateTime { Kind: DateTimeKind.Utc } moment => new Value { Timestamp = Timestamp.FromDateTime(moment) },
        DateTime => throw new ArgumentException("A DateTime parameter is in UTC (Kind Utc), or a DateTimeOffset."),
        DateOnly day => new Value { Date = day.ToString(DateFormat, CultureInfo.InvariantCulture) },
        Guid id => new Value { Uuid = id.ToString("D") },
        JsonElement json => new Value { Json = json.GetRawText() },
        _ => null,
    };

    public static object? Decode(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.Null => null,
        Value.KindOneofCase.Bool => value.Bool,
        Value.KindOneofCase.Int64 => value.Int64,
        Value.KindOneofCase.Double => value.Double,
        Value.KindOneofCase.Decimal => decimal.Parse(value.Decimal, NumberStyles.Number, CultureInfo.InvariantCulture),
        Value.KindOneofCase.String => value.String,
        Value.KindOneofCase.Bytes => value.Bytes.ToByteArray(),
        Value.KindOneofCase.Timestamp => value.Timestamp.ToDateTimeOffset(),
        Value.KindOneofCase.Date => DateOnly.ParseExact(value.Date, DateFormat, CultureInfo.InvariantCulture),
        Value.KindOneofCase.Uuid => Guid.ParseExact(value.Uuid, "D"),
        Value.KindOneofCase.Json => JsonElement.Parse(value.Json),
        _ => throw new InvalidDataException("The participant sent a value of a kind that this version does not know."),
    };

    /// <summary>The text of a value that travels as text; null for the others.</summary>
    public static string? TextOf(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.String => value.String,
        Value.KindOneofCase.Decimal => value.Decimal,
        Value.KindOneofCase.Date => value.Date,
        Value.KindOneofCase.Uuid => value.Uuid,
        Value.KindOneofCase.Json => value.Json,
        _ => null,
    };
}
