using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>The comparison as tables, with the goals beside what was measured.</summary>
internal static class TwoPhaseReport
{
    public static async Task WriteAsync(IReadOnlyList<Row> rows, BenchmarkOptions options)
    {
        foreach (var group in rows.GroupBy(row => (row.Databases, row.Workers)))
        {
            await options.Output.WriteLineAsync($"\n{group.Key.Databases}, {group.Key.Workers} workers; CPU in µs a transaction");
            Table([.. group]).Write(options.Output);
        }

        await options.Output.WriteLineAsync();
        Goal.Write(options.Output, [.. Goals(rows)]);
        await options.Output.WriteLineAsync(
            $"\n{Machine.Describe()}\nmedians of {options.Rounds} rounds of {options.SliceLength.TotalSeconds:0.0##} s; fsync on everywhere; "
            + $"PostgreSQL: {string.Join(' ', ServerPair.PostgresSettings)}; MariaDB: {string.Join(' ', ServerPair.MariaDbSettings)}");
        await Reports.WriteFilesAsync(rows, options, "Transactions a second", "transactions a second", row => row.Tps);
    }

    public static IEnumerable<Goal> Goals(IReadOnlyList<Row> rows)
    {
        var pair = ServerPair.Names[0];
        var most = rows.Where(row => row.Databases == pair).ToLookup(row => (row.Case, row.Workers));
        foreach (var (name, limit) in new[]
        {
            (InitiatorCase.Embedded, 0.95), (InitiatorCase.EmbeddedWitnessOff, 1.0), (InitiatorCase.ServiceSdk, 0.85), (InitiatorCase.ServiceSdkWitnessOff, 0.90), (ServiceSqlCase.CaseName, 0.60),
        })
            yield return new Goal($"{name} / floor, 32 workers", AtLeast: true, limit, At(name, 32)?.RatioToFloor);
        yield return new Goal("p50 of service-sdk / floor, 1 worker", AtLeast: false, 1.25, At(InitiatorCase.ServiceSdk, 1)?.P50Us / At(FloorCase.Separate, 1)?.P50Us);
        yield return new Goal("p99 of service-sdk / floor, 32 workers", AtLeast: false, 1.3, At(InitiatorCase.ServiceSdk, 32)?.P99Us / At(FloorCase.Separate, 32)?.P99Us);
        foreach (var name in new[] { InitiatorCase.Embedded, InitiatorCase.ServiceSdk, ServiceSqlCase.CaseName })
            yield return new Goal($"forced log writes a transaction, {name}, 32 workers", AtLeast: false, 0.15, At(name, 32)?.Figures[Points.ForcedWrites]);

        Row? At(string name, int workers) => most[(name, workers)].FirstOrDefault();
    }

    private static Grid Table(IReadOnlyList<Row> rows)
    {
        var parts = rows.SelectMany(row => row.CpuUs.Keys).Distinct().ToList();
        var grid = new Grid(["case", "tx/s", "/ floor", "p50 µs", "p99 µs", "CPU", .. parts, "forced", "other forced", "log bytes"]);
        foreach (var row in rows)
        {
            grid.Add(
            [
                row.Case,
                Grid.Number(row.Tps),
                Grid.Number(row.RatioToFloor, 2),
                Grid.Number(row.P50Us),
                Grid.Number(row.P99Us),
                Grid.Number(row.CpuUsPerTx),
                .. parts.Select(part => Grid.Number(Value(row.CpuUs, part))),
                Grid.Number(Value(row.Figures, Points.ForcedWrites), 3),
                Grid.Number(Value(row.Figures, Points.OtherForces), 4),
                Grid.Number(Value(row.Figures, Points.LogBytes)),
            ]);
        }

        return grid;
    }

    private static double? Value(IReadOnlyDictionary<string, double> values, string name) => values.TryGetValue(name, out var value) ? value : null;
}
