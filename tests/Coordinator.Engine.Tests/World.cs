using System.Diagnostics.Metrics;
using Coordinator.Log;
using Coordinator.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Coordinator.Engine.Tests;

/// <summary>
/// A coordinator that can crash, two databases that cannot, one trace, and a clock that only the test moves. A crash
/// keeps what the log made durable, and nothing else.
/// </summary>
public sealed class World : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly InMemoryLogStorage _storage = new();
    private readonly List<TransactionCoordinator> _all = [];

    public World()
    {
        Inventory = new FakeDatabase("inventory", Trace);
        Orders = new FakeDatabase("orders", Trace);
    }

    public Trace Trace { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public EngineOptions Options { get; set; } = new() { DeliveryWait = TimeSpan.FromSeconds(5) };

    /// <summary>The meters of the next coordinator; null: its own.</summary>
    public IMeterFactory? Meters { get; set; }

    public InMemoryLogStorage Storage => _storage;

    public FakeDatabase Inventory { get; }

    public FakeDatabase Orders { get; }

    public FakeParticipant InventoryInstance { get; private set; } = null!;

    public FakeParticipant OrdersInstance { get; private set; } = null!;

    public RecordingLog Log { get; private set; } = null!;

    public TransactionCoordinator Coordinator { get; private set; } = null!;

    public static async Task<World> StartAsync(Action<World>? configure = null)
    {
        var world = new World();
        configure?.Invoke(world);
        await world.StartCoordinatorAsync();
        await world.AttachAsync("aaaaaaaa");
        return world;
    }

    public async Task StartCoordinatorAsync()
    {
        Log = new RecordingLog(new InMemoryTransactionLog(_storage), Trace);
        Coordinator = new TransactionCoordinator(Log, Options, Time, new RandomIdSource(), NullLogger<TransactionCoordinator>.Instance, Meters);
        _all.Add(Coordinator);
        await Coordinator.StartAsync();
    }

    public async Task AttachAsync(string instance)
    {
        InventoryInstance = Inventory.Attach(instance);
        OrdersInstance = Orders.Attach(instance);
        await Coordinator.AttachAsync(InventoryInstance);
        await Coordinator.AttachAsync(OrdersInstance);
        await Eventually.AssertAsync(() => Coordinator.Operators.Participants().All(p => p.LastScanAt is not null || p.LastScanError is not null), Limit, "the first scans end");
    }

    /// <summary>The process dies: nothing of it runs on, what was not durable is lost, its streams break.</summary>
    public void Crash()
    {
        Trace.Add("crash");
        _storage.Crash();
        InventoryInstance.IsGone = OrdersInstance.IsGone = true;
    }

    /// <summary>A new start on the same log; the participants, which ended what was not prepared, attach again.</summary>
    public async Task RestartAsync(string instance = "bbbbbbbb")
    {
        Inventory.Clear();
        Orders.Clear();
        Inventory.LoseSessions();
        Orders.LoseSessions();
        await StartCoordinatorAsync();
        await AttachAsync(instance);
    }

    public async Task<TransactionId> BeginAsync(string? key = null, TimeSpan? timeout = null) =>
        (await Coordinator.BeginAsync(timeout, "order", key)).Transaction.Id;

    /// <summary>Begins a transaction with work in both databases.</summary>
    public async Task<TransactionId> BeginWithWorkAsync(string? key = null)
    {
        var id = await BeginAsync(key);
        Enlist(InventoryInstance, id);
        Enlist(OrdersInstance, id);
        return id;
    }

    public BranchId Enlist(FakeParticipant participant, TransactionId id)
    {
        var branch = participant.BranchOf(id);
        Coordinator.Enlist(branch);
        participant.Work(branch);
        return branch;
    }

    public Task<TransactionView> CommitAsync(TransactionId id) =>
        Coordinator.CommitAsync(id, [], untilDelivered: true, CancellationToken.None).WaitAsync(Limit);

    /// <summary>Moves the clock until the condition holds: retries and deadlines run in virtual time.</summary>
    public Task AdvanceUntilAsync(Func<bool> condition, string what) => Eventually.AssertAsync(
        () =>
        {
            if (condition())
                return true;
            Time.Advance(TimeSpan.FromSeconds(1));
            return false;
        },
        Limit,
        what);

    public IEnumerable<BranchOutcome?> OutcomesOf(TransactionId id) =>
    [
        Inventory.OutcomeOf(InventoryBranch(id)), Orders.OutcomeOf(OrdersBranch(id)),
    ];

    public BranchId InventoryBranch(TransactionId id) => new(id, new BranchName(Inventory.Name, "aaaaaaaa"));

    public BranchId OrdersBranch(TransactionId id) => new(id, new BranchName(Orders.Name, "aaaaaaaa"));

    public async ValueTask DisposeAsync()
    {
        foreach (var coordinator in _all)
            await coordinator.DisposeAsync();
    }
}
