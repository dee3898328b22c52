using Coordinator.Testing;

namespace Coordinator.Engine.Tests;

/// <summary>The gauges that an alarm reads: they follow what the engine knows, and say nothing where it knows nothing.</summary>
public sealed class GaugeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly MeasuredMeters _meters = new();

    public void Dispose() => _meters.Dispose();

    [Fact]
    public async Task Idle_AfterTheFirstScans_CountsNothingAndHasNoAges()
    {
        await using var world = await StartAsync();
        world.Time.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal(
            new Dictionary<string, double>
            {
                ["coordinator.transactions.open"] = 0,
                ["coordinator.decisions.undelivered"] = 0,
                ["coordinator.branches.heuristic_kept"] = 0,
                ["coordinator.branches.in_doubt inventory"] = 0,
                ["coordinator.branches.in_doubt orders"] = 0,
                ["coordinator.branches.prepared inventory"] = 0,
                ["coordinator.branches.prepared orders"] = 0,
                ["coordinator.branches.quarantined inventory"] = 0,
                ["coordinator.branches.quarantined orders"] = 0,
                ["coordinator.participants.instances inventory"] = 1,
                ["coordinator.participants.instances orders"] = 1,
                ["coordinator.participants.scan_age inventory"] = 7,
                ["coordinator.participants.scan_age orders"] = 7,
            },
            _meters.Collect());
    }

    /// <summary>A restart, and nobody has attached since. Expected: who is away is known; what his database holds is not.</summary>
    [Fact]
    public async Task Restart_ParticipantNotScanned_HasNoSeriesOfScans()
    {
        await using var world = await StartAsync();
        world.Crash();
        using var meters = new MeasuredMeters();
        world.Meters = meters;
        await world.StartCoordinatorAsync();

        var of = meters.Collect().Where(pair => pair.Key.EndsWith(" orders", StringComparison.Ordinal));

        Assert.Equal([KeyValuePair.Create("coordinator.participants.instances orders", 0d)], of);
    }

    /// <summary>
    /// A participant goes away between its vote and the decision, and comes back. Expected: its branch is in doubt and the
    /// decision undelivered, both age, and both are gone once it has committed.
    /// </summary>
    [Fact]
    public async Task Commit_ParticipantAway_AgesUntilDelivered()
    {
        await using var world = await StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Time.Advance(TimeSpan.FromSeconds(20));
        world.Log.AfterDecision = _ =>
        {
            world.OrdersInstance.IsGone = true;
            world.Coordinator.Detach(world.OrdersInstance);
            return Task.CompletedTask;
        };
        var commit = world.CommitAsync(id);
        await world.AdvanceUntilAsync(() => commit.IsCompleted, "the commit is answered");
        var before = _meters.Collect();
        world.Time.Advance(TimeSpan.FromSeconds(90));

        var away = _meters.Collect();

        Assert.Equal((1, 1, 0), (away["coordinator.decisions.undelivered"], away["coordinator.branches.in_doubt orders"], away["coordinator.branches.in_doubt inventory"]));
        Assert.Equal(0, away["coordinator.participants.instances orders"]);
        Assert.Equal(90, away["coordinator.decisions.undelivered_age"] - before["coordinator.decisions.undelivered_age"], precision: 3);
        Assert.Equal(90, away["coordinator.branches.in_doubt_age orders"] - before["coordinator.branches.in_doubt_age orders"], precision: 3);
        // The time of the work is not the decision's.
        Assert.True(before["coordinator.branches.in_doubt_age orders"] < 20, $"{before["coordinator.branches.in_doubt_age orders"]} s");
        Assert.DoesNotContain("coordinator.branches.in_doubt_age inventory", away.Keys);

        await world.Coordinator.AttachAsync(world.Orders.Attach("aaaaaaaa"));
        await world.AdvanceUntilAsync(() => _meters.Collect()["coordinator.transactions.open"] == 0, "it is delivered");
        world.Time.Advance(TimeSpan.FromSeconds(1));
        var after = _meters.Collect();
        Assert.Equal((0, 0), (after["coordinator.decisions.undelivered"], after["coordinator.branches.in_doubt orders"]));
        Assert.DoesNotContain("coordinator.decisions.undelivered_age", after.Keys);
        Assert.DoesNotContain("coordinator.branches.in_doubt_age orders", after.Keys);
    }

    /// <summary>A branch that no record speaks of is prepared, and the next scan fails. Expected: as of the last good scan, which ages.</summary>
    [Fact]
    public async Task Scan_LeavesAQuarantinedBranch_CountsItsAgeFromTheFirstScanThatListedIt()
    {
        await using var world = await StartAsync();
        var lost = new Epoch(world.Coordinator.Epoch.Number + 5, 1);
        world.Orders.Set(new BranchId(TransactionId.Create(world.Coordinator.Cluster, lost, 7, 1), new BranchName("orders", "aaaaaaaa")), BranchOutcome.Prepared);
        await world.Coordinator.ScanAsync(world.OrdersInstance);
        world.Time.Advance(TimeSpan.FromSeconds(10));
        await world.Coordinator.ScanAsync(world.OrdersInstance);
        world.Orders.IsStandby = true;
        world.Time.Advance(TimeSpan.FromSeconds(5));
        await world.Coordinator.ScanAsync(world.OrdersInstance);

        var values = _meters.Collect();

        Assert.Equal((1, 1), (values["coordinator.branches.prepared orders"], values["coordinator.branches.quarantined orders"]));
        Assert.Equal((15, 5), (values["coordinator.branches.prepared_age orders"], values["coordinator.participants.scan_age orders"]));
        Assert.Equal(0, values["coordinator.branches.quarantined inventory"]);
    }

    /// <summary>A branch is found rolled back against its decision, and an operator forgets it.</summary>
    [Fact]
    public async Task Commit_BranchEndedOtherwise_IsKeptUntilForgotten()
    {
        await using var world = await StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Orders.CommitAnswer = new BranchReport(BranchOutcome.RolledBack, "by hand");
        await world.CommitAsync(id);
        Assert.Equal(1, _meters.Collect()["coordinator.branches.heuristic_kept"]);

        await world.Coordinator.Operators.ForgetAsync(id, "seen");

        Assert.Equal(0, _meters.Collect()["coordinator.branches.heuristic_kept"]);
    }

    [Fact]
    public async Task RemoveParticipant_LosesItsSeries()
    {
        await using var world = await StartAsync();
        world.Coordinator.Detach(world.OrdersInstance);
        await world.Coordinator.Operators.RemoveParticipantAsync("orders", "the disk is gone");

        var values = _meters.Collect();

        Assert.DoesNotContain(values.Keys, key => key.EndsWith(" orders", StringComparison.Ordinal));
        Assert.Equal(1, values["coordinator.participants.instances inventory"]);
    }

    /// <summary>The host's factory keeps its meters until the host ends; an engine that is over must not speak through them.</summary>
    [Fact]
    public async Task Dispose_MetersOfAHost_SayNothingMore()
    {
        var world = await StartAsync();
        await world.DisposeAsync();

        Assert.Empty(_meters.Collect());
    }

    /// <summary>As many open transactions as a coordinator takes, while others come and go. Expected: counted, and nobody waits for it.</summary>
    [Fact]
    public async Task Collect_WhileTransactionsComeAndGo_Counts()
    {
        await using var world = await StartAsync();
        var ids = new List<TransactionId>();
        for (var i = 0; i < 2_000; i++)
            ids.Add(await world.BeginAsync());
        var ending = Task.Run(async () =>
        {
            foreach (var id in ids)
                await world.Coordinator.RollbackAsync(id, "", CancellationToken.None);
        });
        while (!ending.IsCompleted)
        {
            world.Time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.InRange(_meters.Collect()["coordinator.transactions.open"], 0, 2_000);
        }

        await ending.WaitAsync(Limit);
        Assert.Equal(0, _meters.Collect()["coordinator.transactions.open"]);
    }

    private Task<World> StartAsync() => World.StartAsync(world => world.Meters = _meters);
}
