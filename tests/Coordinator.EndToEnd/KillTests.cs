using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>kill -9 at each step of one transaction, and at random moments of many; then everything is started again.</summary>
public sealed class KillTests : IAsyncLifetime
{
    private Shop _shop = null!;

    public async Task InitializeAsync() => _shop = await Shop.StartAsync();

    public async Task DisposeAsync() => await _shop.DisposeAsync();

    /// <summary>Killed before commit was asked for. Expected: aborted; the work of both branches is gone.</summary>
    [Theory]
    [InlineData("coordinator")]
    [InlineData("orders")]
    [InlineData("inventory")]
    public async Task Kill_WhileActive_Aborts(string victim)
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client);

        await _shop.KillAsync(victim);
        await _shop.RestartAsync(victim);

        await Assert.ThrowsAnyAsync<TransactionException>(() => transaction.CommitAsync());
        await _shop.AssertAgreementAsync(expectedOrders: 0);
    }

    /// <summary>Killed while both are prepared and nothing is decided. Expected: rolled back, and the client is told so.</summary>
    [Fact]
    public async Task Kill_CoordinatorWhenPrepared_RollsBackBoth()
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client, "drill-prepared");
        var commit = transaction.CommitAsync();
        await _shop.CoordinatorProcess.WaitForLineAsync("reached prepared", TimeSpan.FromSeconds(20));
        Assert.Equal(2, await _shop.CountPreparedAsync());

        await _shop.KillAsync("coordinator");
        await _shop.StartCoordinatorAsync();

        await Assert.ThrowsAsync<TransactionAbortedException>(() => commit);
        await _shop.AssertAgreementAsync(expectedOrders: 0);
    }

    /// <summary>Killed after the decision is durable and before anybody is told. Expected: committed, and the client is told so.</summary>
    [Fact]
    public async Task Kill_CoordinatorWhenDecided_CommitsBoth()
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client, "drill-decided");
        var commit = transaction.CommitAsync();
        await _shop.CoordinatorProcess.WaitForLineAsync("reached decided", TimeSpan.FromSeconds(20));
        Assert.Equal(2, await _shop.CountPreparedAsync());

        await _shop.KillAsync("coordinator");
        await _shop.StartCoordinatorAsync();

        await commit;
        await _shop.AssertAgreementAsync(expectedOrders: 1);
    }

    /// <summary>
    /// A participant is killed while its branch is prepared, and the coordinator after it. Expected: what was decided is
    /// delivered by the participant's next process, which never held the session.
    /// </summary>
    [Theory]
    [InlineData("drill-prepared", "orders", 0)]
    [InlineData("drill-prepared", "inventory", 0)]
    [InlineData("drill-decided", "orders", 1)]
    [InlineData("drill-decided", "inventory", 1)]
    public async Task Kill_ParticipantThenCoordinator_AnotherProcessFinishesTheBranch(string drill, string victim, int expectedOrders)
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client, drill);
        var commit = transaction.CommitAsync();
        await _shop.CoordinatorProcess.WaitForLineAsync("reached " + drill["drill-".Length..], TimeSpan.FromSeconds(20));

        await _shop.KillAsync(victim);
        await _shop.KillAsync("coordinator");
        await _shop.StartCoordinatorAsync();
        await _shop.StartParticipantAsync(victim);

        await _shop.AssertAgreementAsync(expectedOrders);
        if (expectedOrders == 1)
            await commit;
        else
            await Assert.ThrowsAsync<TransactionAbortedException>(() => commit);
    }

    /// <summary>Kills at random moments while orders run. Expected: every order that was told committed is there; the databases agree.</summary>
    [Theory]
    [InlineData("coordinator", 1)]
    [InlineData("orders", 2)]
    [InlineData("inventory", 3)]
    public async Task Kill_AtRandomMoments_NothingIsSplitOrLost(string victim, int seed)
    {
        const int kills = 4;
        var random = new Random(seed);
        var committed = 0;
        var doubtful = 0;
        using var client = _shop.Connect();
        using var stop = new CancellationTokenSource();
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await using var transaction = await _shop.WorkAsync(client);
                    await transaction.CommitAsync();
                    Interlocked.Increment(ref committed);
                }
                catch (TransactionInDoubtException)
                {
                    Interlocked.Increment(ref doubtful);
                }
                catch (CoordinatorException)
                {
                    // Aborted or unavailable: the order is not there, or the comparison below finds it.
                }
            }
        })).ToArray();

        for (var i = 0; i < kills; i++)
        {
            var before = Volatile.Read(ref committed);
            await Eventually.AssertAsync(() => Volatile.Read(ref committed) > before, TimeSpan.FromSeconds(60), "orders go through again");
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50)));
            await _shop.KillAsync(victim);
            await _shop.RestartAsync(victim);
        }

        await stop.CancelAsync();
        await Task.WhenAll(workers);
        await _shop.AssertAgreementAsync();
        Assert.InRange(await _shop.CountOrdersAsync(), committed, committed + doubtful);
    }
}
