using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;

namespace Coordinator.Benchmarks.Mix;

internal static class MixReport
{
    public const string Allowed = "allowed_cpu_us_per_tx";

    public static async Task WriteAsync(IReadOnlyList<Row> rows, BenchmarkOptions options)
    {
        var parts = rows.SelectMany(row => row.CpuUs.Keys).Distinct().ToList();
        var grid = new Grid(["case", "workers", "tx/s", "/ by hand", "p50 µs", "p99 µs", "CPU µs", "allowed", .. parts]);
        foreach (var row in rows)
        {
            grid.Add(
            [
                row.Case, Grid.Number(row.Workers), Grid.Number(row.Tps), Grid.Number(row.RatioToFloor, 2), Grid.Number(row.P50Us), Grid.Number(row.P99Us),
                Grid.Number(row.CpuUsPerTx), Grid.Number(row.Figures.TryGetValue(Allowed, out var allowed) ? allowed : null),
                .. parts.Select(part => Grid.Number(row.CpuUs.TryGetValue(part, out var cpu) ? cpu : null)),
            ]);
        }

        await options.Output.WriteLineAsync();
        grid.Write(options.Output);
        await options.Output.WriteLineAsync();
        Goal.Write(options.Output, [.. Goals(rows)]);
        await options.Output.WriteLineAsync(
            $"\nallowed: the same by hand and one call\n{Machine.Describe()}\nmedians of {options.Rounds} rounds of {options.SliceLength.TotalSeconds:0.0##} s");
        await Reports.WriteFilesAsync(rows, options, "Transactions that need no two-phase commit", "transactions a second", row => row.Tps);
    }

    /// <summary>Of the largest number of workers.</summary>
    public static IEnumerable<Goal> Goals(IReadOnlyList<Row> rows) => rows
        .Where(row => row.Workers == rows.Max(other => other.Workers) && row.Figures.ContainsKey(Allowed))
        .Select(row => new Goal($"{row.Case}: CPU µs, {row.Workers} workers", AtLeast: false, Math.Round(row.Figures[Allowed]), row.CpuUsPerTx));
}
