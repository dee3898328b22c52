using System.Diagnostics;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;
using Coordinator.Engine;
using Coordinator.Log;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Benchmarks.Scale;

/// <summary>
/// Whether log and memory stay as they are while transaction after transaction ends. The engine, its log and participants
/// without a database are in this process; decisions are kept for a second instead of a week, so that trimming keeps up.
/// </summary>
internal static class FinishedTransactions
{
    public const string LogMb = "log_mb", PerSecond = "tps";

    private const int Looks = 10;
    private const int AtOnce = 64;
    private const double Mb = 1024 * 1024;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(string folder, int count, ProgressBar progress)
    {
        progress.Plan(Looks);
        var path = Path.Combine(folder, "coordinator.db");
        await using var engine = new TransactionCoordinator(
            new SqliteTransactionLog(new SqliteLogOptions { Path = path }),
            // Trimming comes with the scans.
            new EngineOptions { ScanInterval = TimeSpan.FromSeconds(1), Retention = TimeSpan.FromSeconds(1), TrimInterval = TimeSpan.FromSeconds(1) },
            TimeProvider.System, new RandomIdSource(), NullLogger<TransactionCoordinator>.Instance);
        await engine.StartAsync();
        foreach (var name in (string[])["first", "second"])
            await engine.AttachAsync(new ImmediateParticipant(name));
        var rows = new List<Row>();
        for (var look = 1; look <= Looks; look++)
        {
            progress.Next($"finished transactions, {(long)count * look / Looks} of {count}");
            var started = Stopwatch.GetTimestamp();
            await RunAsync(engine, count / Looks);
            var elapsed = Stopwatch.GetElapsedTime(started);
            rows.Add(new Row($"finished-{look}", AtOnce, Tps: count / Looks / elapsed.TotalSeconds)
            {
                Figures = new Dictionary<string, double>
                {
                    [OpenTransactions.Count] = (double)count * look / Looks,
                    [OpenTransactions.ResidentMb] = ProcessMemory.ReadResident(Environment.ProcessId) / Mb,
                    [OpenTransactions.HeapMb] = ProcessMemory.ReadLive() / Mb,
                    [LogMb] = (Size(path) + Size(path + "-wal")) / Mb,
                },
            });
        }

        return rows;
    }

    private static Task RunAsync(TransactionCoordinator engine, int count)
    {
        var left = count;
        return Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await TransactAsync(engine);
        })));
    }

    private static async Task TransactAsync(TransactionCoordinator engine)
    {
        var id = (await engine.BeginAsync(timeout: null, name: "", idempotencyKey: null)).Transaction.Id;
        BranchName[] branches = [new("first", "benchmark0"), new("second", "benchmark0")];
        foreach (var branch in branches)
            engine.Enlist(new BranchId(id, branch));
        var view = await engine.CommitAsync(id, branches, untilDelivered: true, CancellationToken.None);
        if (view.State != TransactionState.Committed)
            throw new InvalidOperationException($"Transaction {id} is {view.State}: {view.Reason}");
    }

    private static double Size(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;
}
