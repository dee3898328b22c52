namespace Coordinator.Engine;

/// <summary>
/// The write-ahead log: an append-only sequence of records, in which a decision is a row keyed by transaction id whose
/// first writer wins (R2). A record that needs no force rides along with the next forced one (or a short timer).
/// No cancellation reaches a write (R12).
/// </summary>
/// <remarks>
/// After any write has failed with <see cref="LogOutcomeUnknownException"/> every further write and every reading fails
/// likewise, at once, until <see cref="ReopenAsync"/> has succeeded (R4). Lazy records that were queued then may be gone.
/// </remarks>
public interface ITransactionLog : IAsyncDisposable
{
    /// <summary>
    /// Takes the log for this process alone, verifies it whole, and durably starts a new epoch.
    /// </summary>
    /// <param name="random">Source of the cluster id (first start) and of the epoch's nonce.</param>
    /// <exception cref="LogRefusedException">In use, damaged (names the record), or of a newer version.</exception>
    Task<OpenedLog> OpenAsync(IIdSource random);

    /// <summary>
    /// After an unknown result: closes the store, reads what is there, writes it anew to a fresh file and forces it;
    /// only what this returns counts (R4). The epoch goes on.
    /// </summary>
    /// <exception cref="LogOutcomeUnknownException">Still failing; ask again later.</exception>
    /// <exception cref="LogRefusedException">Damaged: something acknowledged is gone. Asking again won't help.</exception>
    Task<OpenedLog> ReopenAsync();

    /// <summary>Durably writes a decision unless one stands under its id; returns the one that stands (R2).</summary>
    /// <exception cref="LogOutcomeUnknownException">Unknown whether it was written: never a no (R4).</exception>
    Task<DecisionRecord> DecideAsync(DecisionRecord decision);

    /// <summary>Appends a record. With <see cref="Durability.Forced"/> the task ends when it is durable, else when it is queued.</summary>
    /// <exception cref="LogOutcomeUnknownException">Unknown whether it was written.</exception>
    /// <exception cref="ArgumentException">A decision, which <see cref="DecideAsync"/> writes, or a field above its limit.</exception>
    Task AppendAsync(LogRecord record, Durability durability);

    /// <summary>The decision under an id, kept until retention ends; null if there is none. Sees every durable decision.</summary>
    Task<DecisionRecord?> FindDecisionAsync(TransactionId transaction);

    /// <summary>The decision that carries an idempotency key; null if there is none.</summary>
    Task<DecisionRecord?> FindByIdempotencyKeyAsync(string key);

    /// <summary>The position of the last durable record; the first is 1.</summary>
    long DurableEnd { get; }

    /// <summary>How far decisions have been trimmed; read AFTER looking a decision up, it covers what the look missed (R5).</summary>
    Horizon? Horizon { get; }

    /// <summary>What the log has done since it was opened.</summary>
    LogStatistics Statistics { get; }

    /// <summary>
    /// Removes ended transactions that are older than the retention time, and first makes the horizon durable (R5).
    /// </summary>
    /// <param name="endedBefore">Transactions whose <see cref="EndRecord"/> is older than this may go.</param>
    /// <returns>How many transactions were removed, and the horizon as it stands.</returns>
    Task<TrimResult> TrimAsync(DateTimeOffset endedBefore);
}

/// <summary>What trimming did.</summary>
/// <param name="Transactions">How many transactions were removed.</param>
/// <param name="Horizon">The horizon as it stands; null if nothing was ever trimmed.</param>
public sealed record TrimResult(int Transactions, Horizon? Horizon);

/// <summary>Whether an append waits for the disk.</summary>
public enum Durability
{
    /// <summary>Queued: written with the next forced record, or after a short while.</summary>
    Lazy,

    /// <summary>On disk when the task ends.</summary>
    Forced,
}

/// <summary>What opening the log found.</summary>
/// <param name="Cluster">Whose log it is.</param>
/// <param name="Epoch">The epoch that this start began: its number is above every number in the log, restored ones included.</param>
/// <param name="End">The position of the last durable record.</param>
/// <param name="IsNew">True if the log was made by this start.</param>
/// <param name="Horizon">The newest epoch of which decisions have been trimmed, and the highest trimmed sequence; null if none.</param>
/// <param name="Unfinished">Decisions without an end record, in log order.</param>
/// <param name="Participants">The participants registered and not removed.</param>
/// <param name="Heuristics">Heuristic outcomes found and not forgotten.</param>
/// <param name="Epochs">Every epoch of this log with the position of its record, in order; the running one last.</param>
/// <param name="RestoredBefore">Set if a restore was declared or detected: epochs up to this number are quarantined (R7).</param>
public sealed record OpenedLog(
    ClusterId Cluster,
    Epoch Epoch,
    long End,
    bool IsNew,
    Horizon? Horizon,
    IReadOnlyList<DecisionRecord> Unfinished,
    IReadOnlyList<ParticipantRecord> Participants,
    IReadOnlyList<HeuristicRecord> Heuristics,
    IReadOnlyList<EpochStart> Epochs,
    int? RestoredBefore);

/// <summary>Where an epoch begins.</summary>
public sealed record EpochStart(Epoch Epoch, long Position);

/// <summary>
/// How far decisions have been trimmed: a transaction with an epoch number below <paramref name="EpochNumber"/>, or equal and a
/// sequence up to <paramref name="Sequence"/>, may have had a decision that is gone (R5).
/// </summary>
public sealed record Horizon(int EpochNumber, long Sequence)
{
    /// <summary>True if a decision for the transaction may have been trimmed.</summary>
    public bool Covers(TransactionId transaction) =>
        transaction.Epoch.Number < EpochNumber
        || (transaction.Epoch.Number == EpochNumber && transaction.Sequence <= Sequence);
}

/// <summary>Counters since the log was opened.</summary>
/// <param name="Records">Records written.</param>
/// <param name="ForcedWrites">Durable writes (one a batch).</param>
/// <param name="Bytes">Bytes of record bodies written.</param>
/// <param name="MarkForces">Times that a high-water mark was forced, where there is one.</param>
/// <param name="Checkpoints">Times that a write-ahead file was copied back, where there is one; each forces both files.</param>
public sealed record LogStatistics(long Records, long ForcedWrites, long Bytes, long MarkForces = 0, long Checkpoints = 0);

/// <summary>Nobody knows whether a write reached the disk. It is never to be taken for a failure (R4).</summary>
public sealed class LogOutcomeUnknownException : Exception
{
    public LogOutcomeUnknownException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>The log cannot be used by this process; nothing was changed.</summary>
public sealed class LogRefusedException : Exception
{
    public LogRefusedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>True if nothing is wrong with the log but that another process has it open.</summary>
    public bool IsInUse { get; init; }
}
