using Coordinator.Client;

namespace Shop;

/// <summary>The order, the whole of it: stock goes down in one database, the order appears in another, or neither.</summary>
internal sealed class PlaceOrder(CoordinatorClient coordinator, Uri inventory, Uri orders)
{
    public async Task<string> RunAsync(string product, int quantity, string name)
    {
        // <example>
        await using var tx = await coordinator.BeginAsync(new BeginOptions { Name = name });

        await tx.Sql(orders).ExecuteAsync(
            "INSERT INTO orders (transaction, product, quantity) VALUES ($1, $2, $3)",
            [tx.Id.Value, product, quantity]);
        await tx.Sql(inventory).ExecuteAsync(
            "UPDATE stock SET available = available - ? WHERE product = ?",
            [quantity, product]);

        await tx.CommitAsync();   // both, or TransactionAbortedException and neither
        // </example>
        return tx.Id.Value;
    }
}
