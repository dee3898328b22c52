namespace Coordinator.Engine;

/// <summary>The engine's limits and times. <see cref="Validate"/> tells what is wrong with them.</summary>
public sealed record EngineOptions
{
    /// <summary>A transaction's time from Begin to Commit, unless Begin says otherwise.</summary>
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest timeout that Begin may ask for.</summary>
    public TimeSpan MaxTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long one command may take before it is taken for unanswered. Prepare is bounded by the deadline too.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long Commit and Rollback wait for the branches before they answer; the outcome is fixed either way.</summary>
    public TimeSpan DeliveryWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first and the longest pause between two attempts of a command.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a one-phase commit without an answer waits for the instance that was told, before it is given up as unknown.</summary>
    public TimeSpan OnePhaseGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often each participant's database is scanned for prepared branches (R6).</summary>
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long decisions are kept after their end (R5).</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often ended decisions past retention are trimmed from the log.</summary>
    public TimeSpan TrimInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a shutdown waits for work that has begun to commit.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Open transactions at once; Begin is refused beyond it.</summary>
    public int MaxOpenTransactions { get; init; } = 20_000;

    /// <summary>Branches of one transaction.</summary>
    public int MaxBranchesPerTransaction { get; init; } = 64;

    /// <summary>Finished transactions that are remembered in memory, to answer who asks late.</summary>
    public int MaxFinishedTransactions { get; init; } = 10_000;

    /// <summary>Participants that may be registered.</summary>
    public int MaxParticipants { get; init; } = 1_000;

    /// <summary>Initiators that may be connected: applications that prepare their branches themselves.</summary>
    public int MaxInitiators { get; init; } = 1_000;

    /// <summary>Ids that one initiator may have reserved and not used.</summary>
    public int MaxReservedIds { get; init; } = 10_000;

    /// <summary>Instances that may be attached under one name.</summary>
    public int MaxInstancesPerParticipant { get; init; } = 100;

    /// <summary>Commands of phase 2 and of recovery that are under way at one participant at once; more wait.</summary>
    public int MaxCommandsInFlight { get; init; } = 500;

    /// <summary>
    /// Heuristic outcomes that scans may add to what operators have not forgotten: a participant that lists branches that
    /// never were is only logged beyond it. Outcomes of transactions that were decided are always kept.
    /// </summary>
    public int MaxScanHeuristics { get; init; } = 10_000;

    /// <summary>Managed memory, in bytes, above which Begin is refused; 0: three quarters of what the runtime may use.</summary>
    public long MaxMemoryBytes { get; init; }

    /// <summary>
    /// For drills: called at each <see cref="CommitPoint"/> of each transaction, and awaited before it goes on. Null in
    /// ordinary service.
    /// </summary>
    public Func<CommitPoint, GlobalTransaction, Task>? AtPoint { get; init; }

    /// <summary>Says which setting is wrong, and why; empty if none is.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (var (name, value) in new (string, TimeSpan)[]
        {
            (nameof(DefaultTimeout), DefaultTimeout), (nameof(MaxTimeout), MaxTimeout), (nameof(CommandTimeout), CommandTimeout),
            (nameof(RetryDelay), RetryDelay), (nameof(MaxRetryDelay), MaxRetryDelay), (nameof(ScanInterval), ScanInterval),
            (nameof(Retention), Retention), (nameof(TrimInterval), TrimInterval),
        })
        {
            if (value <= TimeSpan.Zero)
                yield return $"{name} is {value}; it must be longer than zero.";
        }

        foreach (var (name, value) in new (string, TimeSpan)[] { (nameof(DeliveryWait), DeliveryWait), (nameof(DrainLimit), DrainLimit), (nameof(OnePhaseGrace), OnePhaseGrace) })
        {
            if (value < TimeSpan.Zero)
                yield return $"{name} is {value}; it must not be negative.";
        }

        if (MaxTimeout < DefaultTimeout)
            yield return $"{nameof(MaxTimeout)} ({MaxTimeout}) is shorter than {nameof(DefaultTimeout)} ({DefaultTimeout}).";
        if (MaxTimeout > TimeSpan.FromDays(1))
            yield return $"{nameof(MaxTimeout)} is {MaxTimeout}; at most one day, since prepared branches hold locks.";
        if (MaxRetryDelay < RetryDelay)
            yield return $"{nameof(MaxRetryDelay)} ({MaxRetryDelay}) is shorter than {nameof(RetryDelay)} ({RetryDelay}).";

        foreach (var (name, value) in new (string, int)[]
        {
            (nameof(MaxOpenTransactions), MaxOpenTransactions), (nameof(MaxBranchesPerTransaction), MaxBranchesPerTransaction),
            (nameof(MaxFinishedTransactions), MaxFinishedTransactions), (nameof(MaxParticipants), MaxParticipants),
            (nameof(MaxInstancesPerParticipant), MaxInstancesPerParticipant),
            (nameof(MaxInitiators), MaxInitiators), (nameof(MaxReservedIds), MaxReservedIds),
            (nameof(MaxCommandsInFlight), MaxCommandsInFlight), (nameof(MaxScanHeuristics), MaxScanHeuristics),
        })
        {
            if (value < 1)
                yield return $"{name} is {value}; it must be at least 1.";
        }

        if (MaxMemoryBytes < 0)
            yield return $"{nameof(MaxMemoryBytes)} is {MaxMemoryBytes}; 0 (automatic) or more.";
    }
}
