using Coordinator.Client;
using Coordinator.Contracts.V1;

namespace Coordinator.EndToEnd;

/// <summary>One order over PostgreSQL and MariaDB, through real processes.</summary>
public sealed class OrderTests : IAsyncLifetime
{
    private Shop _shop = null!;

    public async Task InitializeAsync() => _shop = await Shop.StartAsync();

    public async Task DisposeAsync() => await _shop.DisposeAsync();

    [Fact]
    public async Task Commit_BothDatabasesHaveIt()
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client);

        await transaction.CommitAsync();

        await _shop.AssertAgreementAsync(expectedOrders: 1);
        Assert.Equal(TransactionState.Committed, (await client.GetAsync(transaction.Id)).State);
    }

    [Fact]
    public async Task Dispose_WithoutCommit_LeavesNothing()
    {
        using var client = _shop.Connect();
        await using (await _shop.WorkAsync(client))
        {
        }

        await _shop.AssertAgreementAsync(expectedOrders: 0);
    }

    [Fact]
    public async Task OutOfStock_RollsBackBoth()
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client);

        await Assert.ThrowsAsync<SqlStatementException>(() =>
            transaction.Sql(_shop.Inventory).ExecuteAsync("UPDATE stock SET available = available - ? WHERE product = 'lamp'", [Shop.InitialStock]));
        await Assert.ThrowsAnyAsync<TransactionException>(() => transaction.CommitAsync());

        await _shop.AssertAgreementAsync(expectedOrders: 0);
    }

    [Fact]
    public async Task ManyClientsAtOnce_AllCommit()
    {
        using var client = _shop.Connect();
        // All want the same row of the stock: few enough at once that none waits for the lock longer than it may.
        var orders = Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var order = 0; order < 5; order++)
            {
                await using var transaction = await _shop.WorkAsync(client);
                await transaction.CommitAsync();
            }
        });

        await Task.WhenAll(orders);

        await _shop.AssertAgreementAsync(expectedOrders: 40);
    }

    [Fact]
    public async Task Coordctl_ShowsParticipantsTransactionsAndNoDoubt()
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client);

        var (_, participants) = await _shop.CoordctlAsync("participants");
        Assert.Contains("inventory", participants, StringComparison.Ordinal);
        var (_, open) = await _shop.CoordctlAsync("transactions");
        Assert.Contains(transaction.Id.Value, open, StringComparison.Ordinal);

        await transaction.CommitAsync();
        var (exitCode, show) = await _shop.CoordctlAsync("show", transaction.Id.Value, "-o", "json");
        Assert.Equal(0, exitCode);
        Assert.Contains("COMMITTED", show, StringComparison.OrdinalIgnoreCase);
        var (inDoubt, _) = await _shop.CoordctlAsync("in-doubt", "--fail-if-any");
        Assert.Equal(0, inDoubt);
    }

    [Fact]
    public async Task Terminate_TheCoordinatorDrainsAndExits()
    {
        using var client = _shop.Connect();
        await using (var transaction = await _shop.WorkAsync(client))
            await transaction.CommitAsync();

        Assert.Equal(0, await _shop.CoordinatorProcess.TerminateAsync(TimeSpan.FromSeconds(10)));

        await _shop.StartCoordinatorAsync();
        await _shop.AssertAgreementAsync(expectedOrders: 1);
    }
}
