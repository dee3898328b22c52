namespace Coordinator.Benchmarks.Output;

/// <summary>The files that were asked for.</summary>
internal static class Reports
{
    /// <param name="rows">What was measured.</param>
    /// <param name="options">Which files.</param>
    /// <param name="title">Of the chart.</param>
    /// <param name="unit">Of its bars.</param>
    /// <param name="value">The length of a row's bar; null for none.</param>
    public static async Task WriteFilesAsync(
        IReadOnlyList<Row> rows, BenchmarkOptions options, string title, string unit, Func<Row, double?> value)
    {
        if (options.Json is { } json)
            await JsonRows.WriteAsync(json, rows);
        if (options.Chart is { } chart)
            await File.WriteAllTextAsync(chart, Chart.Draw(title, unit, rows, value));
    }
}
