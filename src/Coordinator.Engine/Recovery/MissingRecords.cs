namespace Coordinator.Engine;

/// <summary>
/// The one place that tells whether the absence of a record proves anything. Presumed abort (R1) holds only where it
/// does: the log has begun the transaction's epoch, was not restored since, and has not trimmed so far (R5, R7).
/// </summary>
internal static class MissingRecords
{
    /// <summary>Why a decision that is not found may have existed all the same; null if it cannot have, so that abort may be presumed.</summary>
    /// <param name="transaction">Of this cluster, and without a decision in the log.</param>
    /// <param name="running">The running epoch.</param>
    /// <param name="epochs">Every epoch that the log has begun.</param>
    /// <param name="horizon">How far decisions have been trimmed; null if never.</param>
    /// <param name="restoredBefore">Epochs up to this number may lack records, except the running one; null if none.</param>
    public static string? WhyPossible(
        TransactionId transaction, Epoch running, IReadOnlySet<Epoch> epochs, Horizon? horizon, int? restoredBefore)
    {
        if (transaction.Epoch != running && transaction.Epoch.Number <= restoredBefore)
            return "the log was restored from a backup and may lack its decision";
        if (horizon?.Covers(transaction) == true)
            return "decisions of its age have been trimmed";
        return epochs.Contains(transaction.Epoch) ? null : $"epoch {transaction.Epoch} is not of this log";
    }
}
