using Coordinator.Client;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Orders;

/// <summary>An order as one global transaction over both databases.</summary>
internal sealed class TwoPhaseOrders(CoordinatorClient coordinator, ParticipantsHost participants)
{
    /// <summary>The transactions' time until commit is asked for.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Called once the first hot row is written, before the rest.</summary>
    public Func<Task>? WhenLocked { get; init; }

    public async Task PlaceAsync(Order order, CancellationToken cancellationToken, string? name = null)
    {
        await using var transaction = await coordinator.BeginAsync(new BeginOptions { Name = name, Timeout = Timeout }, cancellationToken);
        await using (var work = await participants.Orders.EnlistAsync(transaction.Id, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            await OrderStatements.PlaceAsync(
                work.Connection, transaction: null, order, () => participants.OrdersLocks.Locked(work.Id.Gid), cancellationToken);
        }

        if (WhenLocked is { } signal)
            await signal();
        await using (var work = await participants.Inventory.EnlistAsync(transaction.Id, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            await OrderStatements.TakeAsync(
                work.Connection, transaction: null, order, () => participants.InventoryLocks.Locked(work.Id.Gid), cancellationToken);
        }

        await transaction.CommitAsync(new CommitOptions { Wait = Timeout }, cancellationToken);
    }
}
