using Coordinator.Engine;

namespace Coordinator.Benchmarks.Logs;

/// <summary>Decisions as ordinary transactions have them: two branches, with the evidence that PostgreSQL and MariaDB give.</summary>
internal sealed class LogSubject
{
    private static readonly BranchName First = new("orders", "benchmark0"), Second = new("inventory", "benchmark0");

    private readonly ClusterId _cluster = ClusterId.FromRandom(0x5EED_5EED_5EED);
    private readonly Epoch _epoch = new(1, 0x5EED);
    private long _sequence;

    /// <summary>The id of the next transaction.</summary>
    public TransactionId NextId() => NextId(_cluster, _epoch);

    public DecisionRecord NextDecision() => Decision(
        NextId(),
        new DecidedBranch(First, "pg1:7438290112345678901:1:123456789:16B3748A0"),
        new DecidedBranch(Second, "my1:123456:1700000000:1"));

    public static DecisionRecord Decision(TransactionId id, params DecidedBranch[] branches) => new(
        id,
        Engine.Decision.Commit,
        Name: "",
        IdempotencyKey: null,
        branches,
        Reason: null,
        DateTimeOffset.UnixEpoch);

    private TransactionId NextId(ClusterId cluster, Epoch epoch)
    {
        var sequence = Interlocked.Increment(ref _sequence);
        return TransactionId.Create(cluster, epoch, sequence, unchecked((ulong)sequence * 0x9E3779B97F4A7C15));
    }
}
