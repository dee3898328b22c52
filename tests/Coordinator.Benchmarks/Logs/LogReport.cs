using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;

namespace Coordinator.Benchmarks.Logs;

internal static class LogReport
{
    public static async Task WriteAsync(IReadOnlyList<Row> rows, BenchmarkOptions options)
    {
        var grid = new Grid("case", "workers", "decisions/s", "/ bare", "batch", "p50 µs", "p99 µs", "CPU µs", "bytes");
        foreach (var row in rows)
        {
            grid.Add(
                row.Case, Grid.Number(row.Workers), Grid.Number(row.Tps), Grid.Number(row.RatioToFloor, 2), Grid.Number(row.Figures["batch"], 1),
                Grid.Number(row.P50Us), Grid.Number(row.P99Us), Grid.Number(row.CpuUsPerTx, 1), Grid.Number(row.Figures[Points.LogBytes]));
        }

        await options.Output.WriteLineAsync();
        grid.Write(options.Output);
        await options.Output.WriteLineAsync();
        Goal.Write(options.Output, [.. Goals(rows)]);
        await options.Output.WriteLineAsync(
            $"\nlog: latency of a decision; the others: of a batch.\n{Machine.Describe()}\nmedians of {options.Rounds} rounds of {options.SliceLength.TotalSeconds:0.0##} s");
        await Reports.WriteFilesAsync(rows, options, "The log against SQLite alone", "decisions a second (forces a second, for the file)", row => row.Tps);
    }

    public static IEnumerable<Goal> Goals(IReadOnlyList<Row> rows) => rows
        .Where(row => row.Case == LogCommand.Ours && row.RatioToFloor is not null)
        .Select(row => new Goal($"log decisions a second / bare SQLite loop, batches of {row.Figures["batch"]:0.0}", AtLeast: true, 0.8, row.RatioToFloor));
}
