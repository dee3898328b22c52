using Coordinator.Contracts.V1;

namespace Coordinator.Client;

/// <summary>No branch commits, ever. All work of the transaction is undone; it may be done again in a new one.</summary>
public sealed class TransactionAbortedException : TransactionException
{
    internal TransactionAbortedException(TransactionId id, string reasonCode, string message, Exception? inner = null)
        : base(id, reasonCode, message, inner)
    {
    }
}

/// <summary>
/// Whether the transaction commits is not known here. It may be committed, or yet be: never do its work again before
/// the outcome is known. Unless <see cref="CanAskAgain"/> is false, ask again: CommitAsync on the same object, or
/// <see cref="CoordinatorClient.GetAsync"/> with the id, also from another process.
/// </summary>
public class TransactionInDoubtException : TransactionException
{
    internal TransactionInDoubtException(TransactionId id, string reasonCode, string message, Exception? inner = null)
        : base(id, reasonCode, message, inner)
    {
    }

    /// <summary>True if the coordinator will know the outcome.</summary>
    public virtual bool CanAskAgain => true;
}

/// <summary>
/// No record remains from which the outcome could be told, which proves neither: its retention has ended, or its only
/// branch was told to commit without prepare and the answer was lost. Asking again does not help; only the data in the
/// databases tells.
/// </summary>
public sealed class TransactionUnknownException : TransactionInDoubtException
{
    internal TransactionUnknownException(TransactionId id, string reasonCode, string message, Exception? inner = null)
        : base(id, reasonCode, message, inner)
    {
    }

    /// <summary>False: nobody knows any more.</summary>
    public override bool CanAskAgain => false;
}

/// <summary>
/// Some branches ended otherwise than decided, or how they ended cannot be told: somebody finished them by hand, or a
/// database was restored from before. The transaction is not atomic any more; an operator has it.
/// </summary>
public sealed class TransactionHeuristicException : TransactionException
{
    internal TransactionHeuristicException(
        TransactionId id, Outcome outcome, string reasonCode, string message, IReadOnlyList<BranchDescription> branches)
        : base(id, reasonCode, message)
    {
        Outcome = outcome;
        Branches = branches;
    }

    /// <summary>HeuristicMixed or HeuristicHazard.</summary>
    public Outcome Outcome { get; }

    /// <summary>The branches as far as they are known; empty if the answer did not tell.</summary>
    public IReadOnlyList<BranchDescription> Branches { get; }
}

/// <summary>
/// The coordinator has no such transaction and cannot have handed out its id: it is another coordinator's.
/// </summary>
public sealed class TransactionNotFoundException : TransactionException
{
    internal TransactionNotFoundException(TransactionId id, string reasonCode, string message, Exception? inner = null)
        : base(id, reasonCode, message, inner)
    {
    }
}

/// <summary>
/// Another call began a transaction under the same idempotency key, and it is not over: doing the work now could do it
/// twice. Wait for its end (<see cref="CoordinatorClient.WatchAsync"/>), or for its deadline, and begin again.
/// </summary>
public sealed class TransactionInProgressException : TransactionException
{
    internal TransactionInProgressException(TransactionId id, TransactionState state)
        : base(
            id,
            "WRONG_STATE",
            $"The idempotency key belongs to transaction {id}, which another call began and which is not over ({state}). "
            + "Wait for its end with WatchAsync, then begin again.") => State = state;

    /// <summary>How far the other transaction is.</summary>
    public TransactionState State { get; }
}
