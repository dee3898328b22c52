using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;

namespace Coordinator.Benchmarks.Scale;

/// <summary>What a coordinator holds: idle, with many open transactions, and after many finished ones.</summary>
internal static class ScaleCommand
{
    public const string Open = "open", Finished = "finished";

    public static IReadOnlyList<string> Names { get; } = [Open, Finished];

    public static async Task<int> RunAsync(BenchmarkOptions options)
    {
        var rows = new List<Row>();
        var folder = Directory.CreateTempSubdirectory("coordinator-benchmarks-").FullName;
        try
        {
            await using var progress = ProgressBar.Start();
            if (options.Includes(Open))
                rows.AddRange(await OpenTransactions.MeasureAsync(Path.Combine(folder, Open), options.Open, progress));
            if (options.Includes(Finished))
                rows.AddRange(await FinishedTransactions.MeasureAsync(Path.Combine(folder, Finished), options.Transactions, progress));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        await WriteAsync(rows, options);
        return 0;
    }

    private static async Task WriteAsync(List<Row> rows, BenchmarkOptions options)
    {
        var grid = new Grid("what", "transactions", "resident MB", "heap MB", "log MB", "bytes each", "a second");
        foreach (var row in rows)
        {
            grid.Add(
                row.Case,
                Grid.Number(Value(row, OpenTransactions.Count)),
                Grid.Number(Value(row, OpenTransactions.ResidentMb), 1),
                Grid.Number(Value(row, OpenTransactions.HeapMb), 1),
                Grid.Number(Value(row, FinishedTransactions.LogMb), 1),
                Grid.Number(Value(row, OpenTransactions.BytesEach)),
                Grid.Number(row.Tps));
        }

        await options.Output.WriteLineAsync();
        grid.Write(options.Output);
        await options.Output.WriteLineAsync();
        Goal.Write(options.Output, [.. Goals(rows)]);
        await options.Output.WriteLineAsync($"\n{Machine.Describe()}");
        await Reports.WriteFilesAsync(rows, options, "What a coordinator holds", "resident memory, MB", row => Value(row, OpenTransactions.ResidentMb));
    }

    public static IEnumerable<Goal> Goals(IReadOnlyList<Row> rows)
    {
        var byName = rows.ToLookup(row => row.Case);
        yield return new Goal("coordinator memory, idle, MB", AtLeast: false, 80, Of("process-idle", OpenTransactions.ResidentMb));
        yield return new Goal("memory of an open transaction, bytes, resident", AtLeast: false, 2048, Of("process-open", OpenTransactions.BytesEach));
        yield return new Goal("memory of an open transaction with two branches, bytes, live heap", AtLeast: false, 2048, Of("engine-open", OpenTransactions.BytesEach));

        double? Of(string name, string figure) => byName[name].FirstOrDefault() is { } row ? Value(row, figure) : null;
    }

    private static double? Value(Row row, string figure) => row.Figures.TryGetValue(figure, out var value) ? value : null;
}
