using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Value = Coordinator.Contracts.V1.Value;

namespace Coordinator.Participant.Sql;

/// <summary>
/// MySQL's and MariaDB's values by the driver's types. DATETIME, which knows no time zone, is taken for UTC. Neither has
/// a uuid or (MariaDB) a JSON of its own: these come back as strings. What the wire has no kind for is text.
/// </summary>
internal static class MySqlValues
{
    /// <summary>What must be so in the session: TIMESTAMP is kept in UTC and shown in the session's zone.</summary>
    public static readonly IReadOnlyDictionary<string, string> Settings = new Dictionary<string, string> { ["time_zone"] = "+00:00" };

    /// <summary>The columns that are TINYINT(1), MySQL's boolean, which holds other numbers too.</summary>
    public static HashSet<int> FindBooleans(DbDataReader reader, IReadOnlyList<string> types)
    {
        var tiny = Enumerable.Range(0, types.Count).Where(i => types[i].Equals("TINYINT", StringComparison.OrdinalIgnoreCase)).ToHashSet();
        // The schema costs more than the rest of a small query, so it is looked at only where it can matter.
        if (tiny.Count > 0 && reader.GetSchemaTable() is { } schema)
            tiny.RemoveWhere(i => Convert.ToInt64(schema.Rows[i]["ColumnSize"], CultureInfo.InvariantCulture) != 1);
        return tiny;
    }

    /// <summary>A TINYINT(1): a truth value if it holds one.</summary>
    public static Value ReadBoolean(DbDataReader reader, int ordinal, string type) =>
        Read(reader, ordinal, type) is { KindCase: Value.KindOneofCase.Int64, Int64: 0 or 1 } number
            ? new() { Bool = number.Int64 == 1 }
            : Read(reader, ordinal, type);

    public static Value Read(DbDataReader reader, int ordinal, string type)
    {
        // .NET's decimal would overflow.
        if (type.Contains("DECIMAL", StringComparison.OrdinalIgnoreCase))
            return DriverValues.DecimalText(reader, ordinal) is { } digits ? new Value { Decimal = digits } : Null();
        return reader.IsDBNull(ordinal) ? Null() : ReadValue(reader, ordinal, type);
    }

    private static Value Null() => new() { Null = Contracts.V1.NullValue.NullValue };

    private static Value ReadValue(DbDataReader reader, int ordinal, string type)
    {
        return reader.GetValue(ordinal) switch
        {
            bool value => new() { Bool = value },
            sbyte number => new() { Int64 = number },
            byte number => new() { Int64 = number },
            short number => new() { Int64 = number },
            ushort number => new() { Int64 = number },
            int number => new() { Int64 = number },
            uint number => new() { Int64 = number },
            long number => new() { Int64 = number },
            ulong number => number <= long.MaxValue
                ? new() { Int64 = (long)number }
                : new() { Decimal = number.ToString(CultureInfo.InvariantCulture) },
            // By its shortest text: 0.1 as float is 0.1, not 0.10000000149011612.
            float number => new() { Double = double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) },
            double number => new() { Double = number },
            DateTime moment => Moment(moment, isDate: type.Equals("DATE", StringComparison.OrdinalIgnoreCase)),
            TimeSpan time => new() { String = Time(time) },
            byte[] bytes => new() { Bytes = UnsafeByteOperations.UnsafeWrap(bytes) },
            string text when type.Equals("JSON", StringComparison.OrdinalIgnoreCase) => new() { Json = text },
            var other => new() { String = Convert.ToString(other, CultureInfo.InvariantCulture) ?? "" },
        };
    }

    // The driver gives the zero date, which some tables have, as the smallest DateTime.
    private static Value Moment(DateTime moment, bool isDate)
    {
        if (moment == DateTime.MinValue)
            return new() { String = isDate ? "0000-00-00" : "0000-00-00 00:00:00" };
        return isDate
            ? new() { Date = moment.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) }
            : new() { Timestamp = Timestamp.FromDateTime(DateTime.SpecifyKind(moment, DateTimeKind.Utc)) };
    }

    private static string Time(TimeSpan time) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(time < TimeSpan.Zero ? "-" : "")}{(int)Math.Abs(time.TotalHours):00}:{time.Duration():mm\\:ss\\.ffffff}");
}
