namespace Coordinator.Engine;

/// <summary>What a client is told. The numbers are those of <c>types.proto</c>.</summary>
public enum Outcome
{
    /// <summary>Not decided yet, and nobody has asked to.</summary>
    None = 0,
    Committed = 1,
    Aborted = 2,
    InDoubt = 3,
    Unknown = 4,
    HeuristicMixed = 5,
    HeuristicHazard = 6,
}

/// <summary>A transaction at one moment.</summary>
public sealed record TransactionView(
    TransactionId Id,
    string Name,
    TransactionState State,
    Outcome Outcome,
    string? ReasonCode,
    string? Reason,
    IReadOnlyList<BranchView> Branches,
    DateTimeOffset BegunAt,
    DateTimeOffset? Deadline)
{
    /// <summary>True if the outcome is fixed and some branches have not been told.</summary>
    public bool IsDeliveryPending => State is TransactionState.Committing or TransactionState.Aborting;
}

/// <summary>What Begin gave.</summary>
/// <param name="Transaction">A new transaction, or the one that holds the idempotency key.</param>
/// <param name="Remaining">How long until its deadline.</param>
/// <param name="IsExisting">True if another attempt began it: its work is somebody else's.</param>
public sealed record BegunTransaction(TransactionView Transaction, TimeSpan Remaining, bool IsExisting);

internal static class Outcomes
{
    public static Outcome Of(GlobalTransaction transaction)
    {
        if (transaction.IsHeuristicMixed)
            return Outcome.HeuristicMixed;
        if (transaction.IsHeuristicHazard)
            return Outcome.HeuristicHazard;
        return transaction.State switch
        {
            TransactionState.Committing or TransactionState.Committed => Outcome.Committed,
            TransactionState.Aborting or TransactionState.Aborted => Outcome.Aborted,
            TransactionState.Deciding or TransactionState.CommittingOnePhase => Outcome.InDoubt,
            TransactionState.InDoubt when transaction.ReasonCode == Reasons.NoRecord => Outcome.Unknown,
            TransactionState.InDoubt => Outcome.InDoubt,
            _ => Outcome.None,
        };
    }
}
