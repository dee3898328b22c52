using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Coordinator.Testing;

namespace Coordinator.Client.Tests;

/// <summary>A client and a scripted coordinator that has begun a transaction and accepts a rollback.</summary>
public abstract class ClientTest : IAsyncLifetime
{
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    protected static readonly BranchName Inventory = BranchName.Parse("inventory.4f7c01ab");
    protected static readonly BranchName Payments = BranchName.Parse("payments.99aa88bb");

    private LoopbackServer? _server;
    private CoordinatorClient? _client;

    protected ScriptedCoordinator Coordinator { get; } = new();

    /// <summary>Used by <see cref="VirtualTime"/> tests.</summary>
    protected CountingClock Clock { get; } = new();

    protected virtual bool VirtualTime => false;

    protected static TransactionId Id { get; } = TransactionId.Parse(ScriptedCoordinator.Id);

    protected LoopbackServer Server => _server!;

    protected CoordinatorClient Client => _client!;

    public async Task InitializeAsync()
    {
        Coordinator.Begun.Answers(new BeginResponse
        {
            TransactionId = ScriptedCoordinator.Id,
            State = TransactionState.Active,
            Remaining = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(30)),
        });
        Coordinator.RolledBack.Answers(new RollbackResponse { Outcome = Outcome.Aborted });
        _server = await LoopbackServer.StartAsync(Coordinator);
        _client = CoordinatorClient.Connect(Options(_server.Address));
    }

    public async Task DisposeAsync()
    {
        _client!.Dispose();
        await _server!.DisposeAsync();
    }

    protected CoordinatorClientOptions Options(Uri address) => VirtualTime
        ? new CoordinatorClientOptions(address) { TimeProvider = Clock }
        : new CoordinatorClientOptions(address) { RetryDelay = TimeSpan.FromMilliseconds(1) };

    protected static CommitResponse Answer(Outcome outcome, string reason = "", string reasonCode = "") =>
        new() { Outcome = outcome, Reason = reason, ReasonCode = reasonCode };

    protected static GetResponse Described(Outcome outcome, TransactionState state) => new()
    {
        Transaction = new Transaction { TransactionId = ScriptedCoordinator.Id, Outcome = outcome, State = state },
    };

    /// <summary>Moves the clock past each backoff, and only then, so that an answer in flight never misses the limit.</summary>
    protected async Task<T> ThroughBackoffsAsync<T>(Task<T> call)
    {
        await Eventually.AssertAsync(
            () =>
            {
                // One timer is the limit of the whole call; a second one is a backoff.
                if (Clock.TimersSet >= 2)
                    Clock.Advance(TimeSpan.FromSeconds(2));
                return call.IsCompleted;
            },
            Limit,
            "the call ends");
        return await call;
    }

    /// <summary>Lets a call that hangs at the coordinator reach its limit.</summary>
    protected async Task<T> PastLimitAsync<T>(Task<T> call, Func<bool> hangs, TimeSpan limit)
    {
        await Eventually.AssertAsync(hangs, Limit, "the call has reached the coordinator");
        Clock.Advance(limit);
        return await call.WaitAsync(Limit);
    }
}
