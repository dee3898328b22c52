using Coordinator.Client;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Orders;

/// <summary>An order as one global transaction over both databases.</summary>
internal sealed class TwoPhaseOrders(CoordinatorClient coordinator, ParticipantsHost participants)
{
    /// <summary>The transactions' time until commit is asked for.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a statement waits for a row; null: as the participants have it.</summary>
    public TimeSpan? LockTimeout { get; init; }

    /// <summary>Called once the first hot row is written, before the rest.</summary>
    public Func<Task>? WhenLocked { get; init; }

    private BranchOptions? Branch => LockTimeout is { } limit ? new BranchOptions(limit) : null;

    public async Task PlaceAsync(Order order, CancellationToken cancellationToken, string? name = null)
    {
        await using var transaction = await coordinator.BeginAsync(new BeginOptions { Name = name, Timeout = Timeout }, cancellationToken);
        await using (var work = await participants.Orders.EnlistAsync(transaction.Id, Branch, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            // The deadline ends the work from the participant's side too.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, work.Ending);
            await OrderStatements.PlaceAsync(
                work.Connection, transaction: null, order, () => participants.OrdersLocks.Locked(work.Id.Gid), either.Token);
        }

        if (WhenLocked is { } signal)
            await signal();
        await using (var work = await participants.Inventory.EnlistAsync(transaction.Id, Branch, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, work.Ending);
            await OrderStatements.TakeAsync(
                work.Connection, transaction: null, order, () => participants.InventoryLocks.Locked(work.Id.Gid), either.Token);
        }

        await transaction.CommitAsync(new CommitOptions { Wait = Timeout }, cancellationToken);
    }

    /// <summary>A global transaction that has nothing to do with the inventory: touches a product's row, and a customer's.</summary>
    public async Task TouchAsync(int product, int customer, CancellationToken cancellationToken)
    {
        await using var transaction = await coordinator.BeginAsync(new BeginOptions { Timeout = Timeout }, cancellationToken);
        await using (var work = await participants.Orders.EnlistAsync(transaction.Id, Branch, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, work.Ending);
            await Sql.ExecuteAsync(work.Connection, transaction: null, "UPDATE sales SET sold = sold WHERE product = @p0", either.Token, product);
        }

        await using (var work = await participants.Billing.EnlistAsync(transaction.Id, Branch, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, work.Ending);
            await Sql.ExecuteAsync(work.Connection, transaction: null, "UPDATE customer SET points = points + 1 WHERE id = @p0", either.Token, customer);
        }

        await transaction.CommitAsync(new CommitOptions { Wait = Timeout }, cancellationToken);
    }
}
