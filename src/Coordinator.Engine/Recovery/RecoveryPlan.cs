namespace Coordinator.Engine;

/// <summary>What a prepared branch is, seen from the log and the live transactions. The numbers are those of <c>operators.proto</c>.</summary>
public enum PreparedKind
{
    /// <summary>Its transaction is live: left alone, whoever drives it finishes it.</summary>
    Live = 1,

    /// <summary>Its transaction is decided commit.</summary>
    ToCommit = 2,

    /// <summary>Its transaction is decided abort, or nothing is found and abort may be presumed (R1).</summary>
    ToRollBack = 3,

    /// <summary>Another cluster's: left alone (R7).</summary>
    Foreign = 4,

    /// <summary>Nothing is found, but records may be gone: never presumed aborted, left to an operator (R5, R7).</summary>
    Quarantined = 5,

    /// <summary>Not an id of a coordinator at all: left alone.</summary>
    NotOurs = 6,
}

/// <summary>A prepared branch with what is to become of it.</summary>
/// <param name="Prepared">As the database lists it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Decision">The decision that stands; null if none.</param>
/// <param name="Why">For people.</param>
public sealed record PlannedBranch(PreparedBranch Prepared, PreparedKind Kind, DecisionRecord? Decision, string Why);

/// <summary>Who plans, and how far its records reach.</summary>
/// <param name="Cluster">The coordinator's cluster.</param>
/// <param name="Epoch">Its running epoch.</param>
/// <param name="Epochs">Every epoch that the log has begun.</param>
/// <param name="Horizon">How far decisions have been trimmed; null if never.</param>
/// <param name="RestoredBefore">Epochs up to this number may lack records, except the running one; null if none.</param>
/// <param name="Participant">Whose database was scanned.</param>
/// <param name="OtherParticipants">Registered names that finish their own branches when their databases are scanned.</param>
public sealed record RecoveryContext(
    ClusterId Cluster,
    Epoch Epoch,
    IReadOnlySet<Epoch> Epochs,
    Horizon? Horizon,
    int? RestoredBefore,
    string Participant,
    IReadOnlySet<string> OtherParticipants);

/// <summary>
/// Decides what becomes of each prepared branch. Pure: the caller lists the prepared branches FIRST, then asks which
/// transactions are live, and only then looks up decisions (R6). In any other order a transaction that is decided
/// between two of the looks would be rolled back in one database and committed in another.
/// </summary>
public static class RecoveryPlan
{
    public static IReadOnlyList<PlannedBranch> From(
        IReadOnlyList<PreparedBranch> prepared,
        IReadOnlyDictionary<TransactionId, TransactionView> live,
        IReadOnlyDictionary<TransactionId, DecisionRecord> decisions,
        RecoveryContext context)
    {
        var plan = new List<PlannedBranch>(prepared.Count);
        foreach (var branch in prepared)
        {
            if (branch.Id is { } id && IsAnothers(id, context))
                continue;
            var (kind, decision, why) = Judge(branch, live, decisions, context);
            plan.Add(new PlannedBranch(branch, kind, decision, why));
        }

        return plan;
    }

    // XA RECOVER is server-wide: a branch of a participant whose database lies on the same server is that one's to finish.
    private static bool IsAnothers(BranchId id, RecoveryContext context) =>
        id.Transaction.Cluster == context.Cluster
        && id.Branch.Participant != context.Participant
        && context.OtherParticipants.Contains(id.Branch.Participant);

    private static (PreparedKind Kind, DecisionRecord? Decision, string Why) Judge(
        PreparedBranch branch,
        IReadOnlyDictionary<TransactionId, TransactionView> live,
        IReadOnlyDictionary<TransactionId, DecisionRecord> decisions,
        RecoveryContext context)
    {
        if (branch.Id is not { } id)
            return (PreparedKind.NotOurs, null, "its id is not a coordinator's; it is left alone");
        var transaction = id.Transaction;
        if (transaction.Cluster != context.Cluster)
            return (PreparedKind.Foreign, null, $"it belongs to cluster {transaction.Cluster}; it is left alone");
        if (id.Branch.Participant != context.Participant)
            return (PreparedKind.Quarantined, null, $"no participant {id.Branch.Participant} is registered; an operator must resolve it");
        if (live.TryGetValue(transaction, out var view) && !IsFinished(view, id.Branch))
            return (PreparedKind.Live, null, Describe(view.State));
        if (decisions.TryGetValue(transaction, out var decision))
            return Follow(id, decision);
        if (view is { State: TransactionState.Aborting })
            return (PreparedKind.ToRollBack, null, "decided abort");
        if (MissingRecords.WhyPossible(transaction, context.Epoch, context.Epochs, context.Horizon, context.RestoredBefore) is { } why)
            return (PreparedKind.Quarantined, null, $"{why}; an operator must resolve it");
        return (PreparedKind.ToRollBack, null, "no decision was recorded and its transaction is over: presumed abort");
    }

    // Its database brought back a branch that had been told already, while others of the transaction have not been (R11).
    private static bool IsFinished(TransactionView live, BranchName branch) =>
        live.IsDeliveryPending
        && live.Branches.Any(other => other.Name == branch && other.State is (BranchState.Committed or BranchState.RolledBack));

    private static string Describe(TransactionState live) => live switch
    {
        TransactionState.Committing => "decided commit; it is being told",
        TransactionState.Aborting => "decided abort; it is being told",
        TransactionState.InDoubt => "the log does not answer; it waits for the decision",
        _ => "its transaction is live; it waits for the decision",
    };

    private static (PreparedKind Kind, DecisionRecord? Decision, string Why) Follow(BranchId id, DecisionRecord decision)
    {
        if (decision.Decision == Decision.Abort)
            return (PreparedKind.ToRollBack, decision, "decided abort");
        return decision.Branches.Any(branch => branch.Branch == id.Branch)
            ? (PreparedKind.ToCommit, decision, "decided commit")
            : (PreparedKind.Quarantined, decision, "its transaction committed without it; an operator must resolve it");
    }
}
