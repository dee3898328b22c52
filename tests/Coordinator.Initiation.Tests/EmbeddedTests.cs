using Coordinator.Client;
using Coordinator.Embedded;
using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Participant;

namespace Coordinator.Initiation.Tests;

/// <summary>The coordinator in the application's process, over real databases.</summary>
public class EmbeddedTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Commit_TwoDatabases_CommitsBothAndIsRemembered()
    {
        await using var shop = await OrderShop.StartDatabasesAsync();
        TransactionId id;
        await using (var coordinator = await StartAsync(shop))
        {
            var (stock, orders) = await AttachAsync(coordinator, shop);
            await using var transaction = await coordinator.BeginAsync();
            id = transaction.Id;
            await OrderShop.WorkAsync(transaction, stock, orders);
            await transaction.CommitAsync().WaitAsync(Limit);
            await shop.AssertSoldAsync(1);
        }

        await using var again = await StartAsync(shop);
        Assert.Equal(Outcome.Committed, (await again.Engine.GetAsync(id)).Outcome);
    }

    [Fact]
    public async Task Commit_OneVotesNo_AbortsBoth()
    {
        await using var shop = await OrderShop.StartDatabasesAsync();
        await using var coordinator = await StartAsync(shop);
        var (stock, orders) = await AttachAsync(coordinator, shop);
        await using var transaction = await coordinator.BeginAsync();
        await OrderShop.WorkAsync(transaction, stock, orders, parent: "'nobody'");

        await Assert.ThrowsAsync<TransactionAbortedException>(() => transaction.CommitAsync().WaitAsync(Limit));

        await shop.AssertSoldAsync(0);
    }

    /// <summary>Begun the ordinary way, the coordinator prepares and tells the branches. Expected: the same outcome.</summary>
    [Fact]
    public async Task Commit_ThroughTheEngine_CommitsBoth()
    {
        await using var shop = await OrderShop.StartDatabasesAsync();
        await using var coordinator = await StartAsync(shop);
        var (stock, orders) = await AttachAsync(coordinator, shop);
        var id = (await coordinator.Engine.BeginAsync(timeout: null, "order", "key-1")).Transaction.Id;
        foreach (var (participant, sql) in new[]
        {
            (stock, "UPDATE stock SET available = available - 1"), (orders, "INSERT INTO orders VALUES ('one', 1)"),
        })
        {
            await using var work = await participant.EnlistAsync(id, CancellationToken.None);
            await using var command = work.Connection.CreateCommand();
#pragma warning disable CA2100 // Constants.
            command.CommandText = sql;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }

        var view = await coordinator.Engine.CommitAsync(id, [], untilDelivered: true, CancellationToken.None).WaitAsync(Limit);

        Assert.Equal(Outcome.Committed, view.Outcome);
        await shop.AssertSoldAsync(1);
    }

    /// <summary>The process ends between prepare and decision. Expected: the next start rolls back what it left (R1).</summary>
    [Fact]
    public async Task Start_AfterAnEndBeforeTheDecision_RollsBack_R1()
    {
        await using var shop = await OrderShop.StartDatabasesAsync();
        await using (var coordinator = await StartAsync(shop))
        {
            var (stock, orders) = await AttachAsync(coordinator, shop);
            await using var transaction = await coordinator.BeginAsync();
            await OrderShop.WorkAsync(transaction, stock, orders);
            foreach (var participant in new[] { stock, orders })
                Assert.IsType<Vote.Prepared>(await participant.Session!.PrepareAsync(new BranchId(transaction.Id, participant.Branch), CancellationToken.None));
            await coordinator.DisposeAsync();
        }

        await using var again = await StartAsync(shop);
        await AttachAsync(again, shop);

        await shop.AssertSoldAsync(0);
    }

    [Fact]
    public async Task Begin_AfterItWasDisposed_IsRefused()
    {
        await using var shop = await OrderShop.StartDatabasesAsync();
        var coordinator = await EmbeddedCoordinator.StartAsync(new SqliteLogOptions { Path = shop.LogPath }, initiator: new InitiatorOptions { ReservedIds = 1 });
        await coordinator.DisposeAsync();

        await Assert.ThrowsAsync<CoordinatorUnavailableException>(() => coordinator.BeginAsync());
    }

    [Fact]
    public async Task Start_LogInUse_IsRefused()
    {
        await using var shop = await OrderShop.StartDatabasesAsync();
        await using var coordinator = await StartAsync(shop);

        Assert.True((await Assert.ThrowsAsync<LogRefusedException>(() => StartAsync(shop))).IsInUse);
    }

    private static Task<EmbeddedCoordinator> StartAsync(OrderShop shop) => EmbeddedCoordinator.StartAsync(
        new SqliteLogOptions { Path = shop.LogPath },
        new EngineOptions { ScanInterval = TimeSpan.FromSeconds(2), DrainLimit = TimeSpan.FromSeconds(1) });

    private static async Task<(ICoordinatorParticipant Stock, ICoordinatorParticipant Orders)> AttachAsync(EmbeddedCoordinator coordinator, OrderShop shop)
    {
        var options = new ParticipantOptions { DrainLimit = TimeSpan.FromMilliseconds(100) };
        return (await coordinator.AttachAsync("stock", shop.NewStock(), options), await coordinator.AttachAsync("orders", shop.NewOrders(), options));
    }
}
