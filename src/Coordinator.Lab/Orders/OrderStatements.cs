using System.Data.Common;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Orders;

/// <summary>What an order does in each database, the same in every way of doing it: the hot rows are written last.</summary>
internal static class OrderStatements
{
    /// <summary>In the orders database.</summary>
    /// <param name="locked">Called once the first hot row has been written.</param>
    public static async Task PlaceAsync(DbConnection connection, DbTransaction? transaction, Order order, Action? locked, CancellationToken cancellationToken)
    {
        await Sql.ExecuteAsync(
            connection, transaction, "INSERT INTO orders (id, first, second) VALUES (@p0, @p1, @p2)", cancellationToken,
            order.Id, order.First, (object?)order.Second ?? DBNull.Value);
        foreach (var product in order.Products)
        {
            await Sql.ExecuteAsync(connection, transaction, "UPDATE sales SET sold = sold + 1 WHERE product = @p0", cancellationToken, product);
            locked?.Invoke();
        }
    }

    /// <summary>In the inventory database.</summary>
    /// <inheritdoc cref="PlaceAsync"/>
    public static async Task TakeAsync(DbConnection connection, DbTransaction? transaction, Order order, Action? locked, CancellationToken cancellationToken)
    {
        await Sql.ExecuteAsync(
            connection, transaction, "INSERT INTO reservation (id, first, second) VALUES (@p0, @p1, @p2)", cancellationToken,
            order.Id, order.First, (object?)order.Second ?? DBNull.Value);
        foreach (var product in order.Products)
        {
            await Sql.ExecuteAsync(connection, transaction, "UPDATE stock SET available = available - 1 WHERE product = @p0", cancellationToken, product);
            locked?.Invoke();
        }
    }

    /// <summary>Undoes <see cref="PlaceAsync"/>.</summary>
    public static async Task CancelAsync(DbConnection connection, DbTransaction transaction, Order order, CancellationToken cancellationToken)
    {
        await Sql.ExecuteAsync(connection, transaction, "DELETE FROM orders WHERE id = @p0", cancellationToken, order.Id);
        foreach (var product in order.Products)
            await Sql.ExecuteAsync(connection, transaction, "UPDATE sales SET sold = sold - 1 WHERE product = @p0", cancellationToken, product);
    }

    /// <summary>Undoes <see cref="TakeAsync"/>.</summary>
    public static async Task PutBackAsync(DbConnection connection, DbTransaction transaction, Order order, CancellationToken cancellationToken)
    {
        await Sql.ExecuteAsync(connection, transaction, "DELETE FROM reservation WHERE id = @p0", cancellationToken, order.Id);
        foreach (var product in order.Products)
            await Sql.ExecuteAsync(connection, transaction, "UPDATE stock SET available = available + 1 WHERE product = @p0", cancellationToken, product);
    }
}
