using Coordinator.Contracts.V1;
using Coordinator.Torture.Clients;

namespace Coordinator.Torture.Checks;

/// <summary>One transaction at rest: what the ledgers have, what its client was told, what the coordinator says.</summary>
internal static class TransferCheck
{
    /// <summary>Says what is broken about a transaction; null if nothing is. No IO: a table of rules.</summary>
    /// <param name="record">What clients reported.</param>
    /// <param name="rows">What the databases have.</param>
    /// <param name="outcome">What Get says.</param>
    /// <param name="reachedDrill">True if it was seen at its drill's point, so that its end is known beforehand.</param>
    public static (Broken Broken, string Why)? Judge(TransactionRecord record, IReadOnlyList<LedgerRow> rows, Outcome outcome, bool reachedDrill)
    {
        var present = rows.Aggregate(0, (set, row) => set | Bank.Bit(row.Database));
        if (rows.Count > 0 && (present != record.Touches || rows.Sum(row => row.Delta) != 0 || rows.Any(row => row.Touches != record.Touches)))
            return (Broken.Split, "It is in some of its databases only, or in part.");
        var committed = rows.Count > 0;
        return AgainstTold(record, committed) ?? AgainstPurpose(record, committed, reachedDrill) ?? AgainstCoordinator(record, committed, outcome);
    }

    private static (Broken, string)? AgainstTold(TransactionRecord record, bool committed)
    {
        var told = record.Entries.Select(entry => entry.Said).ToArray();
        if (told.Contains(Said.Heuristic))
            return (Broken.Lost, "Its client was told of a heuristic outcome, and nobody has settled anything by hand.");
        // An audit writes nothing: it has no trace to look for.
        if (told.Contains(Said.Committed) && !committed && record.Purpose != Purpose.Audit)
            return (Broken.Lost, "Its commit was acknowledged, and it is nowhere.");
        if (told.Contains(Said.NotCommitted) && (committed || told.Contains(Said.Committed)))
            return (Broken.Lost, "Its abort was acknowledged, and it is committed.");
        return null;
    }

    private static (Broken, string)? AgainstPurpose(TransactionRecord record, bool committed, bool reachedDrill)
    {
        if (committed && !record.Asked)
            return (Broken.Lost, "Nobody asked for its commit, and it is committed.");
        if (committed && record.Purpose == Purpose.DrillPrepared && reachedDrill)
            return (Broken.Lost, "The coordinator was killed before it decided, and it is committed.");
        if (!committed && record.Purpose == Purpose.DrillDecided && reachedDrill)
            return (Broken.Lost, "Its commit decision was durable when the coordinator was killed, and it is nowhere.");
        return null;
    }

    private static (Broken, string)? AgainstCoordinator(TransactionRecord record, bool committed, Outcome outcome)
    {
        switch (outcome)
        {
            case Outcome.Committed when !committed && record.Purpose != Purpose.Audit:
            case Outcome.Aborted when committed:
                return (Broken.Lost, "The coordinator says otherwise.");
            // A commit in one phase leaves no record (R13); a decision is kept for the retention time.
            case Outcome.Unknown when committed && Bank.CountOf(record.Touches) > 1:
                return (Broken.Lost, "The coordinator has no record of a commit that it decided.");
            case Outcome.Committed or Outcome.Aborted or Outcome.Unknown:
                return null;
            case Outcome.HeuristicMixed or Outcome.HeuristicHazard:
                return (Broken.Lost, "The coordinator shows a heuristic outcome, and nobody has settled anything by hand.");
            default:
                return (Broken.Unsettled, "The coordinator has not come to an outcome.");
        }
    }
}
