using System.Data.Common;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Orders;

/// <summary>An order as two local transactions one after the other: nothing makes the second follow the first.</summary>
internal sealed class LocalOrders(Shop shop)
{
    public LockClock OrdersLocks { get; } = new();

    public LockClock InventoryLocks { get; } = new();

    public async Task PlaceAsync(Order order, CancellationToken cancellationToken)
    {
        await using (var orders = await shop.OpenOrdersAsync(cancellationToken))
            await InOneAsync(orders, OrdersLocks, order, OrderStatements.PlaceAsync, cancellationToken);
        await using var inventory = await shop.OpenInventoryAsync(cancellationToken);
        await InOneAsync(inventory, InventoryLocks, order, OrderStatements.TakeAsync, cancellationToken);
    }

    private static async Task InOneAsync(
        DbConnection connection,
        LockClock clock,
        Order order,
        Func<DbConnection, DbTransaction?, Order, Action?, CancellationToken, Task> statements,
        CancellationToken cancellationToken)
    {
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await statements(connection, transaction, order, () => clock.Locked(order.Id), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        finally
        {
            clock.Released(order.Id);
        }
    }
}
