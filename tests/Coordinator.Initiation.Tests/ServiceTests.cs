using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.Initiation.Tests;

/// <summary>Initiators of a coordinator service, over real databases.</summary>
public class ServiceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Commit_TwoDatabases_CommitsBoth()
    {
        await using var shop = await OrderShop.StartAsync();
        await using var transaction = await shop.Initiator.BeginAsync(new BeginOptions { Name = "order" });
        await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders);

        var result = await transaction.CommitAsync().WaitAsync(Limit);

        Assert.False(result.DeliveryPending);
        Assert.Equal(2, result.Branches.Count);
        await shop.AssertSoldAsync(1);
        await Eventually.AssertAsync(() => shop.Engine.Metrics.Committed == 1, Limit, "the coordinator hears that it is over");
    }

    [Fact]
    public async Task Commit_ManyAtOnce_AllCommit()
    {
        await using var shop = await OrderShop.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OrderRepeatedlyAsync(shop, 5)));

        await shop.AssertSoldAsync(40);
    }

    [Fact]
    public async Task Commit_ReturnDecided_IsFinishedSoonAfter()
    {
        await using var shop = await OrderShop.StartAsync();
        await using var transaction = await shop.Initiator.BeginAsync();
        await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders);

        var result = await transaction.CommitAsync(new CommitOptions { Return = CommitReturn.Decided }).WaitAsync(Limit);

        Assert.True(result.DeliveryPending);
        await shop.AssertSoldAsync(1);
    }

    /// <summary>A deferred constraint fails in one database at prepare. Expected: a no, and both roll back.</summary>
    [Fact]
    public async Task Commit_OneVotesNo_AbortsBoth()
    {
        await using var shop = await OrderShop.StartAsync();
        await using var transaction = await shop.Initiator.BeginAsync();
        await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders, parent: "'nobody'");

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => transaction.CommitAsync().WaitAsync(Limit));

        Assert.Equal("VOTED_NO", aborted.ReasonCode);
        await shop.AssertSoldAsync(0);
    }

    [Fact]
    public async Task Commit_OneBranch_AsksNobody()
    {
        await using var shop = await OrderShop.StartAsync();
        await using var transaction = await shop.Initiator.BeginAsync();
        await OrderShop.RunAsync(transaction, shop.Orders, $"INSERT INTO orders VALUES ('{transaction.Id}', 1)");
        var before = shop.Engine.Operators.LogStatistics.Records;

        var result = await transaction.CommitAsync().WaitAsync(Limit);

        Assert.Single(result.Branches);
        Assert.Equal(before, shop.Engine.Operators.LogStatistics.Records);
    }

    [Fact]
    public async Task Dispose_WithoutCommit_RollsBack()
    {
        await using var shop = await OrderShop.StartAsync();
        await using (var transaction = await shop.Initiator.BeginAsync())
            await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders);

        await shop.AssertSoldAsync(0);
    }

    /// <summary>The deadline passes while the application idles. Expected: the work is rolled back, and a commit aborts.</summary>
    [Fact]
    public async Task Deadline_Passes_TheWorkIsRolledBack_R8()
    {
        await using var shop = await OrderShop.StartAsync();
        await using var transaction = await shop.Initiator.BeginAsync(new BeginOptions { Timeout = TimeSpan.FromSeconds(2) });
        try
        {
            await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders);
        }
        catch (EnlistmentRefusedException)
        {
            // On a slow machine the deadline comes before the work is done.
        }

        await Eventually.AssertAsync(() => shop.Stock.OpenBranches + shop.Orders.OpenBranches == 0, Limit, "both branches end");

        await Assert.ThrowsAsync<TransactionAbortedException>(() => transaction.CommitAsync().WaitAsync(Limit));
        await shop.AssertSoldAsync(0);
    }

    /// <summary>The coordinator stops before it gets the votes, and starts again. Expected: the commit, which goes on asking, aborts.</summary>
    [Fact]
    public async Task Commit_CoordinatorRestartsBeforeTheVotesCome_Aborts_R1()
    {
        await using var shop = await OrderShop.StartAsync();
        await using var transaction = await shop.Initiator.BeginAsync();
        await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders);
        await shop.StopServerAsync();

        var committing = transaction.CommitAsync(new CommitOptions { Wait = Limit });
        await shop.StartServerAsync();

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => committing.WaitAsync(Limit));
        Assert.Contains(aborted.ReasonCode, new[] { "COORDINATOR_RESTARTED", "VOTED_NO" });
        await shop.AssertSoldAsync(0);
        await Eventually.AssertAsync(() => shop.Stock.IsAttached && shop.Orders.IsAttached, Limit, "both attach again");
        await OrderRepeatedlyAsync(shop, 1);
        await shop.AssertSoldAsync(1);
    }

    /// <summary>The coordinator is away for longer than the commit waits. Expected: in doubt; asked again later, the outcome.</summary>
    [Fact]
    public async Task Commit_CoordinatorStaysAway_IsInDoubtAndAskedAgain()
    {
        await using var shop = await OrderShop.StartAsync();
        await using var transaction = await shop.Initiator.BeginAsync();
        await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders);
        await shop.StopServerAsync();

        var doubt = await Assert.ThrowsAsync<TransactionInDoubtException>(
            () => transaction.CommitAsync(new CommitOptions { Wait = TimeSpan.FromMilliseconds(300) }).WaitAsync(Limit));
        await Assert.ThrowsAsync<InvalidOperationException>(transaction.RollbackAsync);
        await shop.StartServerAsync();
        var ended = await Assert.ThrowsAsync<TransactionAbortedException>(() => transaction.CommitAsync().WaitAsync(Limit));

        Assert.True(doubt.CanAskAgain);
        Assert.Equal(transaction.Id, ended.TransactionId);
        await shop.AssertSoldAsync(0);
    }

    [Fact]
    public async Task Begin_CoordinatorAway_SaysSo()
    {
        await using var client = new DisposableClient(new Uri($"http://127.0.0.1:{FreePort.Find()}"));
        await using var initiator = TransactionInitiator.Connect(client.Client, new InitiatorOptions { OpenTimeout = TimeSpan.FromMilliseconds(200) });

        await Assert.ThrowsAsync<CoordinatorUnavailableException>(() => initiator.BeginAsync().WaitAsync(Limit));
    }

    [Fact]
    public async Task Begin_WithAnIdempotencyKey_SaysWhereThatIsHad()
    {
        await using var client = new DisposableClient(new Uri("http://127.0.0.1:1"));
        await using var initiator = TransactionInitiator.Connect(client.Client);

        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => initiator.BeginAsync(new BeginOptions { IdempotencyKey = "k" }));

        Assert.Contains("CoordinatorClient.BeginAsync", wrong.Message, StringComparison.Ordinal);
    }

    private static async Task OrderRepeatedlyAsync(OrderShop shop, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await using var transaction = await shop.Initiator.BeginAsync();
            await OrderShop.WorkAsync(transaction, shop.Stock, shop.Orders);
            await transaction.CommitAsync();
        }
    }

    private sealed class DisposableClient(Uri address) : IAsyncDisposable
    {
        public CoordinatorClient Client { get; } = CoordinatorClient.Connect(address);

        public ValueTask DisposeAsync()
        {
            Client.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
