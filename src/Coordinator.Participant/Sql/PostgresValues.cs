using System.Data.Common;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Value = Coordinator.Contracts.V1.Value;

namespace Coordinator.Participant.Sql;

/// <summary>
/// PostgreSQL's values from the server's own text, which has all digits of a numeric and every type there is. What the
/// wire has no kind for (arrays, intervals, ranges, infinity, years before 1 and after 9999) stays that text.
/// </summary>
internal static class PostgresValues
{
    /// <summary>What must be so in the session for the texts to be read right.</summary>
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string>
    {
        ["datestyle"] = "ISO, YMD",
        ["timezone"] = "UTC",
        ["bytea_output"] = "hex",
        ["extra_float_digits"] = "1",
    };

    private static readonly string[] _momentFormats =
        ["yyyy-MM-dd HH:mm:ss.FFFFFFzz", "yyyy-MM-dd HH:mm:sszz", "yyyy-MM-dd HH:mm:ss.FFFFFF", "yyyy-MM-dd HH:mm:ss"];

    public static Value Read(DbDataReader reader, int ordinal, string type) =>
        reader.IsDBNull(ordinal) ? new Value { Null = Contracts.V1.NullValue.NullValue } : Parse(reader.GetString(ordinal), type);

    /// <summary>A type's name without length and precision, which may stand in its middle: timestamp(3) with time zone.</summary>
    public static string BaseType(string type)
    {
        var open = type.IndexOf('(', StringComparison.Ordinal);
        var close = type.IndexOf(')', StringComparison.Ordinal);
        return open < 0 || close < open ? type : type[..open] + type[(close + 1)..];
    }

    private static Value Parse(string text, string type) => type switch
    {
        "boolean" => new() { Bool = text == "t" },
        "smallint" or "integer" or "bigint" or "oid" => new() { Int64 = long.Parse(text, CultureInfo.InvariantCulture) },
        "real" or "double precision" => new() { Double = double.Parse(text, CultureInfo.InvariantCulture) },
        "numeric" when text[^1] is >= '0' and <= '9' => new() { Decimal = text },
        "bytea" when text.StartsWith("\\x", StringComparison.Ordinal) =>
            new() { Bytes = UnsafeByteOperations.UnsafeWrap(Convert.FromHexString(text.AsSpan(2))) },
        "timestamp with time zone" or "timestamp without time zone" or "timestamp" => Moment(text),
        "date" when DateOnly.TryParseExact(text, "yyyy-MM-dd", out _) => new() { Date = text },
        "uuid" => new() { Uuid = text },
        "json" or "jsonb" => new() { Json = text },
        _ => new() { String = text },
    };

    private static Value Moment(string text) =>
        DateTime.TryParseExact(
            text, _momentFormats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var moment)
            ? new() { Timestamp = Timestamp.FromDateTime(moment) }
            : new() { String = text };
}
