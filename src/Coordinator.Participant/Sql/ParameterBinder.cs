using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Coordinator.Contracts.V1;
using Coordinator.ResourceManagers;

namespace Coordinator.Participant.Sql;

/// <summary>Puts the wire's typed values into a command's parameters, in order, each exactly or not at all.</summary>
internal static class ParameterBinder
{
    private const long MinSeconds = -62_135_596_800, MaxSeconds = 253_402_300_799;

    // PostgreSQL's numeric has at most 131,072 digits before the point and 16,383 after it.
    private const int MaxDecimalLength = 150_000;

    public static void Bind(DbCommand command, IReadOnlyList<Value> values, ResourceKind kind)
    {
        for (var i = 0; i < values.Count; i++)
        {
            var parameter = command.CreateParameter();
            if (kind == ResourceKind.Postgres)
                SetPostgres(parameter, values[i], i);
            else
                parameter.Value = ToMySql(values[i], i);
            command.Parameters.Add(parameter);
        }
    }

    // Texts go without a type, so that the server takes them for what the place wants: an enum, an interval, an array.
    private static void SetPostgres(DbParameter parameter, Value value, int index)
    {
        parameter.Value = value.KindCase switch
        {
            Value.KindOneofCase.Timestamp => ToPostgres(ToDateTime(value.Timestamp, index)),
            Value.KindOneofCase.Date => ToPostgres(ToDate(value.Date, index)),
            Value.KindOneofCase.Uuid => ToUuid(value.Uuid, index),
            _ => ToCommon(value, index),
        };
        if (parameter.Value is string)
            DriverValues.LetServerInferType(parameter);
    }

    // The driver takes .NET's first and last moments and days for infinity. Microseconds are all that the server keeps.
    private static object ToPostgres(DateTime moment) => moment == DateTime.MinValue
        ? "0001-01-01 00:00:00+00"
        : new DateTime(moment.Ticks - (moment.Ticks % TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc);

    private static object ToPostgres(DateOnly day) => day == DateOnly.MinValue || day == DateOnly.MaxValue
        ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        : day;

    // Moments and days go as text: drivers cut microseconds short, the server does not.
    private static object ToMySql(Value value, int index) => value.KindCase switch
    {
        Value.KindOneofCase.Timestamp => ToDateTime(value.Timestamp, index).ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
        Value.KindOneofCase.Date => ToDate(value.Date, index).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        Value.KindOneofCase.Uuid => ToUuid(value.Uuid, index).ToString("D"),
        _ => ToCommon(value, index),
    };

    private static object ToCommon(Value value, int index) => value.KindCase switch
    {
        Value.KindOneofCase.Null => DBNull.Value,
        Value.KindOneofCase.Bool => value.Bool,
        Value.KindOneofCase.Int64 => value.Int64,
        Value.KindOneofCase.Double => value.Double,
        Value.KindOneofCase.Decimal => ToDecimal(value.Decimal, index),
        Value.KindOneofCase.String => value.String,
        Value.KindOneofCase.Bytes => value.Bytes.ToByteArray(),
        Value.KindOneofCase.Json => ToJson(value.Json, index),
        _ => throw Malformed(index, "has no value: a null is a value too"),
    };

    // .NET's decimal where it holds the digits, so that the server gets a number; beyond it their text.
    private static object ToDecimal(string text, int index)
    {
        if (!IsDecimal(text))
            throw Malformed(index, "is not a decimal: digits, at most one point, no exponent");
        var digits = text.Count(char.IsAsciiDigit);
        return digits <= 28 && decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number
            : text;
    }

    private static bool IsDecimal(ReadOnlySpan<char> text)
    {
        if (text.Length > MaxDecimalLength)
            return false;
        if (text.StartsWith('-'))
            text = text[1..];
        var point = text.IndexOf('.');
        return point < 0
            ? IsDigits(text)
            : IsDigits(text[..point]) && IsDigits(text[(point + 1)..]);
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');

    private static DateTime ToDateTime(Google.Protobuf.WellKnownTypes.Timestamp moment, int index) =>
        moment.Seconds is >= MinSeconds and <= MaxSeconds && moment.Nanos is >= 0 and < 1_000_000_000
            ? moment.ToDateTime()
            : throw Malformed(index, "is not a moment between the years 1 and 9999");

    private static DateOnly ToDate(string text, int index) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : throw Malformed(index, "is not a day of the form yyyy-mm-dd");

    private static Guid ToUuid(string text, int index) =>
        Guid.TryParseExact(text, "D", out var uuid) ? uuid : throw Malformed(index, "is not a uuid of the form 8-4-4-4-12");

    private static string ToJson(string text, int index)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return text;
        }
        catch (JsonException)
        {
            // Its message would quote the value.
            throw Malformed(index, "is not JSON");
        }
    }

    private static StatementRefusedException Malformed(int index, string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"Parameter {index + 1} {what}."));
}
