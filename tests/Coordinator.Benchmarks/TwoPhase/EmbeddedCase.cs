using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Participant;
using Coordinator.Participant.Session;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>The engine, its log and both participants in the application's process: no gRPC.</summary>
internal sealed class EmbeddedCase : ICase
{
    public const string On = "embedded", Off = "embedded-witness-off";

    private readonly SqliteTransactionLog _log;
    private readonly TransactionCoordinator _coordinator;
    private readonly List<IResourceManager> _resources = [];
    private readonly List<ParticipantSession> _sessions = [];

    private EmbeddedCase(string name, (OrderDatabase First, OrderDatabase Second) databases, string folder)
    {
        (Name, Databases) = (name, databases);
        _log = new SqliteTransactionLog(new SqliteLogOptions { Path = Path.Combine(folder, name, "coordinator.db") });
        _coordinator = new TransactionCoordinator(
            _log, new EngineOptions(), TimeProvider.System, new RandomIdSource(), NullLogger<TransactionCoordinator>.Instance);
    }

    public string Name { get; }

    public (OrderDatabase First, OrderDatabase Second) Databases { get; }

    public IReadOnlyList<MeasuredProcess> Processes { get; } = [MeasuredProcess.Own];

    public Func<Task<LogCounts>> ReadLog => () => Task.FromResult(LogCounters.Of(_log));

    public static async Task<EmbeddedCase> StartAsync((OrderDatabase First, OrderDatabase Second) databases, string folder, bool witness)
    {
        var embedded = new EmbeddedCase(witness ? On : Off, databases, folder);
        await embedded._coordinator.StartAsync();
        await embedded.AttachAsync("first", databases.First, witness);
        await embedded.AttachAsync("second", databases.Second, witness);
        return embedded;
    }

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(this));

    public async ValueTask DisposeAsync()
    {
        await _coordinator.DisposeAsync();
        foreach (var session in _sessions)
            await session.DisposeAsync();
        foreach (var resource in _resources)
            await resource.DisposeAsync();
    }

    private async Task AttachAsync(string name, OrderDatabase database, bool witness)
    {
        var resources = database.CreateResources(witness);
        _resources.Add(resources);
        var session = new ParticipantSession(
            new BranchName(name, "benchmark0"),
            resources,
            await resources.AttachAsync(CancellationToken.None),
            new Enlistment(_coordinator),
            new ParticipantOptions(),
            TimeProvider.System,
            NullLogger.Instance);
        session.TryAdvanceEpoch(_coordinator.Cluster, _coordinator.Epoch);
        _sessions.Add(session);
        await _coordinator.AttachAsync(session);
    }

    private sealed class Enlistment(TransactionCoordinator coordinator) : IEnlistment
    {
        public Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken) =>
            Task.FromResult(coordinator.Enlist(branch));
    }

    private sealed class Worker(EmbeddedCase owner) : IWorker
    {
        public async Task TransactAsync(int product)
        {
            var begun = await owner._coordinator.BeginAsync(timeout: null, name: "", idempotencyKey: null);
            var id = begun.Transaction.Id;
            var branches = await Task.WhenAll(
                WorkAsync(owner._sessions[0], id, owner.Databases.First, product),
                WorkAsync(owner._sessions[1], id, owner.Databases.Second, product));
            var view = await owner._coordinator.CommitAsync(id, branches, untilDelivered: true, CancellationToken.None);
            if (view.State != TransactionState.Committed)
                throw new InvalidOperationException($"Transaction {id} is {view.State}: {view.Reason}");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static async Task<BranchName> WorkAsync(ParticipantSession session, TransactionId id, OrderDatabase database, int product)
        {
            await using var work = await session.EnlistAsync(id, options: null, CancellationToken.None);
            await BranchUpdate.RunAsync(work.Connection, database, product);
            return work.Branch;
        }
    }
}
