using Coordinator.Benchmarks.Databases;
using Coordinator.Initiation;
using Coordinator.Participant.Session;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>A transaction of an initiator: work in both databases at once, then commit.</summary>
internal static class InitiatedWork
{
    public static async Task RunAsync(
        InitiatedTransaction transaction, (ParticipantSession Session, OrderDatabase Database) first, (ParticipantSession Session, OrderDatabase Database) second, int product)
    {
        await Task.WhenAll(WorkAsync(transaction, first.Session, first.Database, product), WorkAsync(transaction, second.Session, second.Database, product));
        if ((await transaction.CommitAsync()).DeliveryPending)
            throw new InvalidOperationException($"Transaction {transaction.Id} is not delivered.");
    }

    private static async Task WorkAsync(InitiatedTransaction transaction, ParticipantSession session, OrderDatabase database, int product)
    {
        await using var work = await transaction.EnlistAsync(session, options: null, CancellationToken.None);
        await BranchUpdate.RunAsync(work.Connection, database, product);
    }
}
