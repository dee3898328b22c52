using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;
using Coordinator.Engine;
using Coordinator.Log;

namespace Coordinator.Benchmarks.Logs;

/// <summary>
/// Decisions a second of the log, whose batches are as large as those who wait make them, against SQLite alone with
/// batches of the same mean size, and against forcing a file.
/// </summary>
internal static class LogCommand
{
    public const string Ours = "log", Bare = "bare-sqlite", Sync = "fsync", DataSync = "fdatasync";

    private const int WarmUpBatch = 8;

    public static IReadOnlyList<string> Names { get; } = [Ours, Bare, Sync, DataSync];

    public static async Task<int> RunAsync(BenchmarkOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("coordinator-benchmarks-").FullName;
        var rows = new List<Row>();
        try
        {
            await using var progress = ProgressBar.Start();
            await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = Path.Combine(folder, "coordinator.db") });
            await log.OpenAsync(new RandomIdSource());
            var subject = new LogSubject();
            var bodySize = await WarmUpAsync(log, subject, options.WarmUpTransactions);
            using var bare = new BareSqlite(Path.Combine(folder, "bare.db"), bodySize);
            bare.WarmUp(options.WarmUpTransactions, WarmUpBatch);
            using var sync = new BareFile(Path.Combine(folder, "fsync"), dataOnly: false);
            using var dataSync = new BareFile(Path.Combine(folder, "fdatasync"), dataOnly: true);
            progress.Plan(options.Workers.Count * options.Rounds * Names.Count(options.Includes));
            foreach (var workers in options.Workers)
                rows.AddRange(await MeasureAsync(workers, log, subject, bare, sync, dataSync, options, progress));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        await LogReport.WriteAsync(rows, options);
        return 0;
    }

    // Until the write-ahead files have grown to their size and have been begun anew: forcing a file that grows is another thing.
    private static async Task<int> WarmUpAsync(SqliteTransactionLog log, LogSubject subject, int decisions)
    {
        var before = log.Statistics;
        while (log.Statistics.Records - before.Records < decisions)
            await Task.WhenAll(Enumerable.Range(0, WarmUpBatch).Select(_ => log.DecideAsync(subject.NextDecision())));
        return (int)Math.Round((double)(log.Statistics.Bytes - before.Bytes) / (log.Statistics.Records - before.Records));
    }

    private static async Task<IEnumerable<Row>> MeasureAsync(
        int workers, SqliteTransactionLog log, LogSubject subject, BareSqlite bare, BareFile sync, BareFile dataSync, BenchmarkOptions options, ProgressBar progress)
    {
        var deciders = Enumerable.Repeat<Func<Task>>(() => log.DecideAsync(subject.NextDecision()), workers).ToList();
        // Until the log has had its first turn: one at a time.
        var batch = 1.0;
        (string Name, Func<Task<Slice>> Measure)[] all =
        [
            (Ours, async () =>
            {
                var slice = await Slice.MeasureAsync(
                    deciders, options.SliceLength, [MeasuredProcess.Own], () => Task.FromResult(LogCounters.Of(log.Statistics)));
                batch = (double)slice.Log!.Records / slice.Log.ForcedWrites;
                return slice;
            }),
            (Bare, () => Task.Run(() => bare.Run(batch, options.SliceLength))),
            (Sync, () => Task.Run(() => sync.Run(options.SliceLength))),
            (DataSync, () => Task.Run(() => dataSync.Run(options.SliceLength))),
        ];
        var slices = new Dictionary<string, List<Slice>>();
        var wanted = all.Where(each => options.Includes(each.Name)).ToList();
        foreach (var each in wanted)
            slices.Add(each.Name, []);
        // In this order in each round: the batches of the bare loop are those that the log has just had.
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var (name, measure) in wanted)
            {
                progress.Next($"{name}, {workers} workers, round {round + 1}");
                slices[name].Add(await measure());
            }
        }

        return wanted.Select(each => ToRow(each.Name, workers, slices));
    }

    private static Row ToRow(string name, int workers, Dictionary<string, List<Slice>> slices)
    {
        var own = slices[name];
        var row = Points.Of(name, workers, databases: null, own, slices.GetValueOrDefault(Bare));
        return row with
        {
            Figures = new Dictionary<string, double>(row.Figures)
            {
                ["batch"] = Medians.Of(own.Select(slice => (double)slice.Log!.Records / slice.Log.ForcedWrites)),
            },
        };
    }
}
