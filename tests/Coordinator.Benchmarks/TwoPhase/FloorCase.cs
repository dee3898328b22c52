using System.Globalization;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>
/// What a careful programmer writes by hand: a connection to each database kept by each worker, work and prepare on both
/// in parallel, then commit on both in parallel. No coordinator, no log: whoever is killed in between leaves a mess.
/// </summary>
/// <param name="databases">Its own.</param>
/// <param name="merged">False: each statement a round trip of its own. True: all that the servers allow to share one does.</param>
internal sealed class FloorCase((OrderDatabase First, OrderDatabase Second) databases, bool merged) : ICase
{
    public const string Separate = "floor", Merged = "floor-merged";

    private int _workers;

    public string Name => merged ? Merged : Separate;

    public (OrderDatabase First, OrderDatabase Second) Databases => databases;

    public IReadOnlyList<MeasuredProcess> Processes { get; } = [MeasuredProcess.Own];

    public Func<Task<LogCounts>>? ReadLog => null;

    public async Task<IWorker> OpenWorkerAsync() => new Worker(
        Interlocked.Increment(ref _workers), await OpenBranchAsync(databases.First), await OpenBranchAsync(databases.Second));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<IHandBranch> OpenBranchAsync(OrderDatabase database) => database.IsPostgres
        ? await HandPostgres.OpenAsync(database, merged)
        : await HandMariaDb.OpenAsync(database, merged);

    private sealed class Worker(int number, IHandBranch first, IHandBranch second) : IWorker
    {
        private long _transactions;

        public async Task TransactAsync(int product)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"hand-{number}-{++_transactions}");
            await Task.WhenAll(first.WorkAndPrepareAsync(id, product), second.WorkAndPrepareAsync(id, product));
            await Task.WhenAll(first.CommitAsync(id), second.CommitAsync(id));
        }

        public async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await second.DisposeAsync();
        }
    }
}
