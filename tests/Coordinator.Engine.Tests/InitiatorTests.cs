using Coordinator.Testing;

namespace Coordinator.Engine.Tests;

/// <summary>Unsolicited votes: initiators that prepare their branches themselves, as the engine sees them.</summary>
public class InitiatorTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Decide_AllVoted_IsDurableBeforeItIsAnswered_R1()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        var view = await initiator.DecideAsync(id, "order", Votes(world, id)).WaitAsync(Limit);

        Assert.Equal((Outcome.Committed, "order"), (view.Outcome, view.Name));
        Assert.Equal(1, world.Trace.Count("log: durable Commit"));
        Assert.Equal(0, world.Trace.Count("inventory: prepare") + world.Trace.Count("inventory: commit") + world.Trace.Count("orders: commit"));
        Assert.Equal(0, initiator.ReservedCount);
    }

    [Fact]
    public async Task Acknowledge_AllTold_EndsItAndTellsNobody()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = await DecideAsync(world, initiator);

        initiator.Acknowledge(id, []);

        await Eventually.AssertAsync(() => world.Trace.Count("log: EndRecord Lazy") == 1, Limit, "the end");
        Assert.Equal(0, world.Trace.Count("inventory: commit") + world.Trace.Count("orders: commit"));
        Assert.Equal(TransactionState.Committed, (await world.Coordinator.GetAsync(id)).State);
    }

    [Fact]
    public async Task Acknowledge_OneUntold_TellsThatOne()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = await DecideAsync(world, initiator);

        initiator.Acknowledge(id, [world.OrdersBranch(id).Branch]);

        await Eventually.AssertAsync(() => world.Orders.OutcomeOf(world.OrdersBranch(id)) == BranchOutcome.Committed, Limit, "orders is told");
        await Eventually.AssertAsync(() => world.Trace.Count("log: EndRecord Lazy") == 1, Limit, "the end");
        Assert.Equal(0, world.Trace.Count("inventory: commit"));
    }

    /// <summary>The initiator never says that it told its branches. Expected: the coordinator tells them.</summary>
    [Fact]
    public async Task Acknowledge_NeverComes_TellsAllAfterTheCommandTimeout()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = await DecideAsync(world, initiator);

        await world.AdvanceUntilAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.Committed), "both are told");
    }

    /// <summary>The initiator dies after the decision. Expected: the coordinator tells all branches at once.</summary>
    [Fact]
    public async Task Fence_AfterTheDecision_TellsAll()
    {
        await using var world = await World.StartAsync();
        var initiator = world.Coordinator.OpenInitiator("shop");
        var id = await DecideAsync(world, initiator);

        initiator.Dispose();

        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.Committed), Limit, "both are told");
    }

    [Fact]
    public async Task Decide_Again_GivesTheSameAnswerAndWritesOnce()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        var views = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => initiator.DecideAsync(id, "", Votes(world, id)))).WaitAsync(Limit);
        initiator.Acknowledge(id, []);
        await Eventually.AssertAsync(() => world.Trace.Count("log: EndRecord Lazy") == 1, Limit, "the end");
        var later = await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit);

        Assert.All([.. views, later], view => Assert.Equal(Outcome.Committed, view.Outcome));
        Assert.Equal(1, world.Trace.Count("log: decide Commit"));
    }

    /// <summary>A scan while branches are prepared and the votes are still on their way. Expected: they are left alone.</summary>
    [Fact]
    public async Task Scan_WhileReserved_LeavesThePreparedBranchesAlone_R3_R6()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        await world.Coordinator.ScanAsync(world.InventoryInstance);

        Assert.Equal(BranchOutcome.Prepared, world.Inventory.OutcomeOf(world.InventoryBranch(id)));
        var shown = Assert.Single((await world.Coordinator.Operators.ReconcileAsync()).Branches, branch => branch.Participant == "inventory");
        Assert.Equal(PreparedKind.Live, shown.Kind);
        Assert.Contains("initiator shop", shown.WhatHappens, StringComparison.Ordinal);
        Assert.Contains($"coordctl resolve {id} --rollback", shown.Settle, StringComparison.Ordinal);
        Assert.Equal(Outcome.None, (await world.Coordinator.GetAsync(id)).Outcome);
    }

    /// <summary>The initiator dies before it hands over the votes. Expected: its branches roll back, and its late commit is an abort.</summary>
    [Fact]
    public async Task Fence_BeforeTheDecision_RollsBackAndALateCommitAborts_R3()
    {
        await using var world = await World.StartAsync();
        var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        initiator.Dispose();

        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.RolledBack), Limit, "the scans that fencing starts");
        Assert.Equal(Outcome.Aborted, (await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
        Assert.Equal(0, world.Trace.Count("log: decide Commit"));
    }

    /// <summary>The stream was lost and the coordinator has not noticed; the votes come on the next one. Expected: abort, for ever.</summary>
    [Fact]
    public async Task Decide_OnALaterStream_AbortsWhatIsUndecided_R3()
    {
        await using var world = await World.StartAsync();
        using var lost = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, lost);
        using var next = world.Coordinator.OpenInitiator("shop");

        var view = await next.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit);
        var late = await lost.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit);

        Assert.Equal((Outcome.Aborted, Outcome.Aborted), (view.Outcome, late.Outcome));
        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.RolledBack), Limit, "both roll back");
    }

    [Fact]
    public async Task Decide_OnALaterStream_GivesTheDecisionThatStands()
    {
        await using var world = await World.StartAsync();
        var lost = world.Coordinator.OpenInitiator("shop");
        var id = await DecideAsync(world, lost);
        lost.Dispose();
        using var next = world.Coordinator.OpenInitiator("shop");

        Assert.Equal(Outcome.Committed, (await next.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
    }

    /// <summary>The coordinator dies with the decision durable and unanswered. Expected: its next start says committed, and commits.</summary>
    [Fact]
    public async Task Decide_AfterARestart_GivesTheDecisionThatStands()
    {
        await using var world = await World.StartAsync();
        var id = await DecideAsync(world, world.Coordinator.OpenInitiator("shop"));
        world.Crash();
        await world.RestartAsync();
        using var next = world.Coordinator.OpenInitiator("shop");

        Assert.Equal(Outcome.Committed, (await next.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.Committed), Limit, "both are told");
    }

    /// <summary>The coordinator dies before the votes came. Expected: its next start aborts and rolls back.</summary>
    [Fact]
    public async Task Decide_AfterARestartUndecided_Aborts_R1()
    {
        await using var world = await World.StartAsync();
        var id = Prepare(world, world.Coordinator.OpenInitiator("shop"));
        world.Crash();
        await world.RestartAsync();
        using var next = world.Coordinator.OpenInitiator("shop");

        var view = await next.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit);

        Assert.Equal((Outcome.Aborted, Reasons.CoordinatorRestarted), (view.Outcome, view.ReasonCode));
        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.RolledBack), Limit, "both roll back");
    }

    /// <summary>The log's answer is lost. Expected: the initiator hears nothing until the log was read back, and then what stands (R4).</summary>
    [Fact]
    public async Task Decide_LogDoesNotAnswer_IsAnsweredOnlyOnceItStands_R4()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);
        world.Log.AfterDecision = decision => decision.Decision == Decision.Commit
            ? Task.FromException(new LogOutcomeUnknownException("made to fail"))
            : Task.CompletedTask;

        var view = await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit);

        Assert.Equal(Outcome.Committed, view.Outcome);
        Assert.True(world.Trace.IndexOf("log: reopen") > world.Trace.IndexOf("log: durable Commit"));
    }

    [Fact]
    public async Task Rollback_OfAReservedId_MakesItsCommitImpossible_R3()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        await world.Coordinator.RollbackAsync(id, "", CancellationToken.None);

        Assert.Equal(Outcome.Aborted, (await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.RolledBack), Limit, "both roll back");
    }

    // Scenario: a single branch commits in one phase, of which the coordinator hears nothing; somebody else rolls the id back.
    [Fact]
    public async Task Rollback_OfAReservedIdThatNothingProves_IsUnknownUntilItsBranchesHaveVoted_R13()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = initiator.Reserve(1)[0];

        var view = await world.Coordinator.RollbackAsync(id, "", CancellationToken.None);

        Assert.Equal((Outcome.Unknown, Reasons.RolledBack), (view.Outcome, view.ReasonCode));
        Assert.Equal(Outcome.Unknown, (await world.Coordinator.GetAsync(id)).Outcome);
        var voted = await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit);
        Assert.Equal((Outcome.Aborted, Reasons.RolledBack), (voted.Outcome, voted.ReasonCode));
    }

    // Scenario: the coordinator is restarted on an older log, and the initiator asks before any database that remembers more
    // than that log has is attached.
    [Fact]
    public async Task Decide_AfterARestartBeforeItsDatabasesAreAttached_IsInDoubtStill_R7()
    {
        await using var world = await World.StartAsync();
        var id = Prepare(world, world.Coordinator.OpenInitiator("shop"));
        world.Crash();
        await world.StartCoordinatorAsync();
        using var next = world.Coordinator.OpenInitiator("shop");

        Assert.Equal(Outcome.InDoubt, (await next.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
        await world.AttachAsync("bbbbbbbb");
        Assert.Equal(Outcome.Aborted, (await next.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
    }

    // Scenario: the log is lost and begun anew under the same cluster's name; an initiator of a later start asks on.
    [Fact]
    public async Task Decide_OfAStartThatTheLogHasNot_IsUnknown_R7()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = TransactionId.Create(world.Coordinator.Cluster, new Epoch(world.Coordinator.Epoch.Number + 7, 7), 1, 1);

        Assert.Equal(Outcome.Unknown, (await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
    }

    [Fact]
    public async Task Resolve_OfAReservedId_CanOnlyRollBack()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);
        var desk = world.Coordinator.Operators;

        Assert.Equal(Reasons.WrongState, (await Assert.ThrowsAsync<RefusedException>(() => desk.ResolveAsync(id, Decision.Commit, "why"))).Reason);
        Assert.Equal(Reasons.WrongState, (await Assert.ThrowsAsync<RefusedException>(() => desk.ResolveBranchAsync(world.OrdersBranch(id), Decision.Abort, "why"))).Reason);
        Assert.Equal(Reasons.Operator, (await desk.ResolveAsync(id, Decision.Abort, "why")).ReasonCode);

        var voted = await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit);
        Assert.Equal((Outcome.Aborted, Reasons.Operator), (voted.Outcome, voted.ReasonCode));
    }

    [Fact]
    public async Task Commit_OfAReservedId_IsRefused()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        Assert.Equal(Reasons.WrongState, (await Assert.ThrowsAsync<RefusedException>(() => world.CommitAsync(id))).Reason);
        Assert.Equal(Reasons.WrongState, Assert.Throws<EnlistmentRefusedException>(() => world.Coordinator.Enlist(world.OrdersBranch(id))).Reason);
    }

    [Fact]
    public async Task Decide_ForAnUnregisteredParticipant_Aborts()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        var view = await initiator.DecideAsync(id, "", [.. Votes(world, id), new DecidedBranch(new BranchName("payment", "aaaaaaaa"), null)]);

        Assert.Equal((Outcome.Aborted, Reasons.ParticipantNotFound), (view.Outcome, view.ReasonCode));
    }

    [Fact]
    public async Task Decide_MalformedVotes_AreRefusedAndNothingIsLost()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);
        var vote = new DecidedBranch(world.OrdersBranch(id).Branch, null);

        Task<TransactionView> DecideAsync(params DecidedBranch[] votes) => initiator.DecideAsync(id, "", votes);
        foreach (var wrong in new Func<Task>[]
        {
            () => DecideAsync(), () => DecideAsync(vote, vote), () => DecideAsync(vote with { Evidence = new string('x', 257) }),
            () => initiator.DecideAsync(id, new string('x', 101), [vote]),
        })
        {
            Assert.Equal(RefusalKind.InvalidArgument, (await Assert.ThrowsAsync<RefusedException>(wrong)).Kind);
        }

        Assert.Equal(Outcome.Committed, (await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
    }

    [Fact]
    public async Task Reserve_BeyondTheLimits_IsRefused()
    {
        await using var world = await World.StartAsync(w => w.Options = new EngineOptions { MaxInitiators = 1, MaxReservedIds = 10 });
        using var initiator = world.Coordinator.OpenInitiator("shop");

        Assert.Equal(10, initiator.Reserve(10).Distinct().Count());

        Assert.Equal(RefusalKind.ResourceExhausted, Assert.Throws<RefusedException>(() => initiator.Reserve(1)).Kind);
        Assert.Equal(RefusalKind.ResourceExhausted, Assert.Throws<RefusedException>(() => world.Coordinator.OpenInitiator("two")).Kind);
        Assert.Equal(RefusalKind.ResourceExhausted, Assert.Throws<RefusedException>(() => initiator.Reserve(0)).Kind);
        initiator.Dispose();
        world.Coordinator.OpenInitiator("two").Dispose();
    }

    [Fact]
    public async Task Release_AfterALocalRollback_LetsScansPresumeAbort()
    {
        await using var world = await World.StartAsync();
        using var initiator = world.Coordinator.OpenInitiator("shop");
        var id = Prepare(world, initiator);

        initiator.Release(id);
        await world.Coordinator.ScanAsync(world.InventoryInstance);

        Assert.Equal(BranchOutcome.RolledBack, world.Inventory.OutcomeOf(world.InventoryBranch(id)));
    }

    private static async Task<TransactionId> DecideAsync(World world, Initiator initiator)
    {
        var id = Prepare(world, initiator);
        Assert.Equal(Outcome.Committed, (await initiator.DecideAsync(id, "", Votes(world, id)).WaitAsync(Limit)).Outcome);
        return id;
    }

    private static TransactionId Prepare(World world, Initiator initiator)
    {
        var id = Assert.Single(initiator.Reserve(1));
        world.Inventory.Set(world.InventoryBranch(id), BranchOutcome.Prepared);
        world.Orders.Set(world.OrdersBranch(id), BranchOutcome.Prepared);
        return id;
    }

    private static IReadOnlyList<DecidedBranch> Votes(World world, TransactionId id) =>
    [
        new(world.InventoryBranch(id).Branch, "evidence"), new(world.OrdersBranch(id).Branch, null),
    ];
}
