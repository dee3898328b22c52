using System.Text.Json;

namespace Coordinator.Benchmarks.Output;

/// <summary>
/// The rows as a JSON array. Each has <c>case, workers, databases, tps, p50_us, p99_us, cpu_us_per_tx, ratio_to_floor</c>,
/// null where it means nothing, then <c>cpu_us</c> by process, then the measurement's own figures.
/// </summary>
internal static class JsonRows
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    public static async Task WriteAsync(string path, IReadOnlyList<Row> rows)
    {
        await using var file = File.Create(path);
        await using var json = new Utf8JsonWriter(file, Indented);
        json.WriteStartArray();
        foreach (var row in rows)
            Write(json, row);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Row row)
    {
        json.WriteStartObject();
        json.WriteString("case", row.Case);
        json.WriteNumber("workers", row.Workers);
        json.WriteString("databases", row.Databases);
        WriteNumber(json, "tps", row.Tps);
        WriteNumber(json, "p50_us", row.P50Us);
        WriteNumber(json, "p99_us", row.P99Us);
        WriteNumber(json, "cpu_us_per_tx", row.CpuUsPerTx);
        WriteNumber(json, "ratio_to_floor", row.RatioToFloor);
        json.WriteStartObject("cpu_us");
        foreach (var (name, value) in row.CpuUs)
            WriteNumber(json, name, value);
        json.WriteEndObject();
        foreach (var (name, value) in row.Figures)
            WriteNumber(json, name, value);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, Math.Round(number, 4));
        else
            json.WriteNull(name);
    }
}
