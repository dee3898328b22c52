using System.Collections.Frozen;

namespace Coordinator.Engine;

/// <summary>How a global transaction stands. The numbers are those of <c>types.proto</c>.</summary>
public enum TransactionState
{
    /// <summary>Work goes on; branches may enlist.</summary>
    Active = 1,

    /// <summary>Enlistment is closed; branches are voting.</summary>
    Preparing = 2,

    /// <summary>All voted yes; the decision is being written. From here on no timeout aborts.</summary>
    Deciding = 3,

    /// <summary>The only branch was told to commit without prepare.</summary>
    CommittingOnePhase = 4,

    /// <summary>The commit decision is durable and being delivered.</summary>
    Committing = 5,

    /// <summary>Every branch has committed, as far as can be proven.</summary>
    Committed = 6,

    /// <summary>Commit has become impossible; branches are being rolled back.</summary>
    Aborting = 7,

    /// <summary>Over; no branch commits.</summary>
    Aborted = 8,

    /// <summary>A log write or a one-phase commit was not answered: nobody knows the outcome yet.</summary>
    InDoubt = 9,
}

/// <summary>The legal transitions, all of them.</summary>
public static class TransactionStates
{
    private static readonly FrozenDictionary<TransactionState, TransactionState[]> Next =
        new Dictionary<TransactionState, TransactionState[]>
        {
            // Active ends as Committed directly when nothing was enlisted.
            [TransactionState.Active] =
                [TransactionState.Preparing, TransactionState.CommittingOnePhase, TransactionState.Committed, TransactionState.Aborting],
            // Preparing ends as Committed directly when every branch voted read-only.
            [TransactionState.Preparing] =
                [TransactionState.Deciding, TransactionState.Committed, TransactionState.Aborting],
            // Deciding aborts only because another decision already stands in the log (R2).
            [TransactionState.Deciding] =
                [TransactionState.Committing, TransactionState.Aborting, TransactionState.InDoubt],
            [TransactionState.CommittingOnePhase] =
                [TransactionState.Committed, TransactionState.Aborted, TransactionState.InDoubt],
            [TransactionState.InDoubt] =
                [TransactionState.Committing, TransactionState.Aborting, TransactionState.Committed, TransactionState.Aborted],
            [TransactionState.Committing] = [TransactionState.Committed],
            [TransactionState.Aborting] = [TransactionState.Aborted],
            [TransactionState.Committed] = [],
            [TransactionState.Aborted] = [],
        }.ToFrozenDictionary();

    /// <summary>True if the table has the edge.</summary>
    public static bool CanMove(TransactionState from, TransactionState to) => Next[from].Contains(to);

    /// <summary>True for the states that nothing leaves.</summary>
    public static bool IsOver(TransactionState state) => Next[state].Length == 0;
}
