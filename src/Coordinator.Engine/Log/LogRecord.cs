using System.Diagnostics;

namespace Coordinator.Engine;

/// <summary>One record of the log. Each kind's number, fields and version history stand at the codec; they only grow.</summary>
/// <param name="At">When it was made, by the coordinator's clock; for people and for retention, never for safety.</param>
public abstract record LogRecord(DateTimeOffset At);

/// <summary>A start of the coordinator.</summary>
public sealed record EpochRecord(ClusterId Cluster, Epoch Epoch, DateTimeOffset At) : LogRecord(At);

/// <summary>
/// The decision over a transaction: the only record that is always forced (R1). An abort is written only where its
/// absence must be settled (R3, R4) or an operator decided it.
/// </summary>
/// <param name="Transaction">The key.</param>
/// <param name="Decision">Commit or abort; it never changes (R2).</param>
/// <param name="Name">The transaction's name, for people; may be empty.</param>
/// <param name="IdempotencyKey">The client's key; null if there was none.</param>
/// <param name="Branches">The branches that voted prepared; phase 2 goes to each of them.</param>
/// <param name="Reason">Why it was aborted, or the operator's reason; null for an ordinary commit.</param>
public sealed record DecisionRecord(
    TransactionId Transaction,
    Decision Decision,
    string Name,
    string? IdempotencyKey,
    IReadOnlyList<DecidedBranch> Branches,
    string? Reason,
    DateTimeOffset At) : LogRecord(At)
{
    /// <summary>The sampled trace that it was made in, for recovery to link to; null if there was none.</summary>
    public ActivityContext? DecidedIn { get; init; }

    /// <summary>What proves a branch's end; null if nothing is kept, or it is not among them.</summary>
    public string? EvidenceOf(BranchName branch) => Branches.FirstOrDefault(decided => decided.Branch == branch)?.Evidence;
}

/// <summary>A branch that is to learn the decision.</summary>
/// <param name="Branch">Which one.</param>
/// <param name="Evidence">What its vote gave to prove its end with, or the scan that an operator resolved it by; null if nothing.</param>
public sealed record DecidedBranch(BranchName Branch, string? Evidence);

/// <summary>Every branch has been proven finished (or given up by an operator): the decision need not be delivered again.</summary>
public sealed record EndRecord(TransactionId Transaction, DateTimeOffset At) : LogRecord(At);

/// <summary>A participant's name and the database that it stands for.</summary>
public sealed record ParticipantRecord(string Name, ResourceIdentity Resource, DateTimeOffset At) : LogRecord(At);

/// <summary>A participant was removed by an operator: it never comes back.</summary>
public sealed record ParticipantRemovedRecord(string Name, string Reason, DateTimeOffset At) : LogRecord(At);

/// <summary>A branch ended otherwise than decided, or nobody can tell how. Kept until forgotten.</summary>
/// <param name="Branch">The branch.</param>
/// <param name="Decided">What had been decided.</param>
/// <param name="Found">How the branch ended: the opposite (mixed) or <see cref="BranchOutcome.Unknown"/> (hazard).</param>
/// <param name="Detail">What the database said.</param>
public sealed record HeuristicRecord(
    BranchId Branch, Decision Decided, BranchOutcome Found, string Detail, DateTimeOffset At) : LogRecord(At);

/// <summary>An operator has dealt with a transaction's heuristic outcomes; they are shown no more.</summary>
public sealed record ForgottenRecord(TransactionId Transaction, string Reason, DateTimeOffset At) : LogRecord(At);

/// <summary>An operator settled a branch or a transaction by hand. For the audit.</summary>
public sealed record ResolvedRecord(
    TransactionId Transaction, BranchName? Branch, Decision Decision, string Reason, DateTimeOffset At) : LogRecord(At);

/// <summary>Decisions up to the horizon may have been removed (R5).</summary>
public sealed record HorizonRecord(Horizon Horizon, DateTimeOffset At) : LogRecord(At);

/// <summary>The log was restored from a backup: nothing of epochs up to <paramref name="EpochNumber"/> is presumed aborted (R7).</summary>
public sealed record RestoredRecord(int EpochNumber, string Reason, DateTimeOffset At) : LogRecord(At);

/// <summary>The decision over a global transaction. Persisted: values never change.</summary>
public enum Decision
{
    Commit = 1,
    Abort = 2,
}
