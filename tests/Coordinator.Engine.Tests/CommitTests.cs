using Coordinator.Testing;

namespace Coordinator.Engine.Tests;

/// <summary>Two-phase commit without faults, and with votes and deadlines that end it.</summary>
public class CommitTests
{
    [Fact]
    public async Task Commit_TwoBranches_IsDurableBeforeAnybodyIsTold_R1()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();

        var view = await world.CommitAsync(id);

        Assert.Equal(Outcome.Committed, view.Outcome);
        Assert.Equal(TransactionState.Committed, view.State);
        Assert.All(world.OutcomesOf(id), outcome => Assert.Equal(BranchOutcome.Committed, outcome));
        var durable = world.Trace.IndexOf("log: durable Commit");
        Assert.True(world.Trace.IndexOf("inventory: prepare") < world.Trace.IndexOf("log: decide Commit"));
        Assert.True(world.Trace.IndexOf("orders: prepare") < world.Trace.IndexOf("log: decide Commit"));
        Assert.True(durable < world.Trace.IndexOf("inventory: commit"));
        Assert.True(durable < world.Trace.IndexOf("orders: commit"));
        Assert.True(world.Trace.IndexOf("orders: commit") < world.Trace.IndexOf("log: EndRecord Lazy"));
    }

    [Fact]
    public async Task Commit_Again_GivesTheSameOutcome()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        await world.CommitAsync(id);

        var again = await world.CommitAsync(id);

        Assert.Equal(Outcome.Committed, again.Outcome);
        Assert.Equal(1, world.Trace.Count("inventory: commit"));
    }

    [Fact]
    public async Task Commit_TwiceAtOnce_IsDrivenOnce()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();

        var views = await Task.WhenAll(world.CommitAsync(id), world.CommitAsync(id), world.CommitAsync(id));

        Assert.All(views, view => Assert.Equal(Outcome.Committed, view.Outcome));
        Assert.Equal(1, world.Trace.Count("orders: prepare"));
        Assert.Equal(1, world.Trace.Count("orders: commit"));
    }

    [Fact]
    public async Task Commit_OneVotesNo_AbortsBothAndWritesNothing()
    {
        await using var world = await World.StartAsync();
        world.Orders.NextVote = new Vote.No("23503 foreign key");
        var id = await world.BeginWithWorkAsync();

        var view = await world.CommitAsync(id);

        Assert.Equal(Outcome.Aborted, view.Outcome);
        Assert.Equal(Reasons.VotedNo, view.ReasonCode);
        Assert.Contains("23503", view.Reason, StringComparison.Ordinal);
        Assert.All(world.OutcomesOf(id), outcome => Assert.Equal(BranchOutcome.RolledBack, outcome));
        Assert.Equal(0, world.Trace.Count("log: decide Commit"));
        Assert.Equal(0, world.Trace.Count("log: decide Abort"));
    }

    [Fact]
    public async Task Commit_OneBranch_TakesOnePhaseAndNoRecord_R13()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginAsync();
        world.Enlist(world.OrdersInstance, id);

        var view = await world.CommitAsync(id);

        Assert.Equal(Outcome.Committed, view.Outcome);
        Assert.Equal(1, world.Trace.Count("orders: commit one-phase"));
        Assert.Equal(0, world.Trace.Count("orders: prepare"));
        Assert.Equal(0, world.Trace.Count("log: decide Commit"));
    }

    [Fact]
    public async Task Commit_OneBranchWithAnIdempotencyKey_LeavesARecordThatCarriesIt()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginAsync(key: "order-17");
        world.Enlist(world.OrdersInstance, id);
        await world.CommitAsync(id);
        world.Crash();
        await world.RestartAsync();

        var again = (await world.Coordinator.BeginAsync(null, "order", "order-17")).Transaction;

        Assert.Equal(id, again.Id);
        Assert.Equal(Outcome.Committed, again.Outcome);
    }

    [Fact]
    public async Task Commit_ReadOnlyBranch_IsNotTold()
    {
        await using var world = await World.StartAsync();
        world.Inventory.NextVote = new Vote.ReadOnly();
        var id = await world.BeginWithWorkAsync();

        var view = await world.CommitAsync(id);

        Assert.Equal(Outcome.Committed, view.Outcome);
        Assert.Equal(0, world.Trace.Count("inventory: commit"));
        Assert.Equal(1, world.Trace.Count("orders: commit"));
    }

    [Fact]
    public async Task Commit_AllReadOnly_WritesNothing()
    {
        await using var world = await World.StartAsync();
        world.Inventory.NextVote = world.Orders.NextVote = new Vote.ReadOnly();
        var id = await world.BeginWithWorkAsync();

        Assert.Equal(Outcome.Committed, (await world.CommitAsync(id)).Outcome);
        Assert.Equal(0, world.Trace.Count("log: decide Commit"));
    }

    [Fact]
    public async Task Commit_NothingEnlisted_Commits()
    {
        await using var world = await World.StartAsync();

        Assert.Equal(Outcome.Committed, (await world.CommitAsync(await world.BeginAsync())).Outcome);
    }

    [Fact]
    public async Task Commit_NamesABranchThatNeverEnlisted_Aborts_R14()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();

        var view = await world.Coordinator.CommitAsync(id, [new BranchName("shipping", "cccccccc")], untilDelivered: true, CancellationToken.None);

        Assert.Equal(Outcome.Aborted, view.Outcome);
        Assert.Equal(Reasons.BranchNotEnlisted, view.ReasonCode);
    }

    [Fact]
    public async Task Enlist_AfterPrepareBegan_IsRefused()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        EnlistmentRefusedException? refusal = null;
        world.Inventory.Before("prepare", _ =>
        {
            refusal = Assert.Throws<EnlistmentRefusedException>(() => world.Coordinator.Enlist(new BranchId(id, new BranchName("orders", "dddddddd"))));
            return Task.CompletedTask;
        });

        await world.CommitAsync(id);

        Assert.Equal(Reasons.WrongState, refusal!.Reason);
    }

    [Fact]
    public async Task Deadline_BeforeCommit_AbortsAndRollsBack()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();

        world.Time.Advance(TimeSpan.FromSeconds(31));

        await Eventually.AssertAsync(async () => (await world.Coordinator.GetAsync(id)).State == TransactionState.Aborted, TimeSpan.FromSeconds(5), "the deadline aborts");
        Assert.Equal(Reasons.DeadlinePassed, (await world.Coordinator.GetAsync(id)).ReasonCode);
        Assert.All(world.OutcomesOf(id), outcome => Assert.Equal(BranchOutcome.RolledBack, outcome));
        Assert.Equal(Outcome.Aborted, (await world.CommitAsync(id)).Outcome);
    }

    [Fact]
    public async Task Deadline_DuringTheDecision_DoesNotAbort_R2()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Log.BeforeDecision = _ =>
        {
            world.Time.Advance(TimeSpan.FromMinutes(5));
            return Task.CompletedTask;
        };

        Assert.Equal(Outcome.Committed, (await world.CommitAsync(id)).Outcome);
    }

    [Fact]
    public async Task Rollback_DuringTheDecision_IsRefused_R2()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        RefusedException? refusal = null;
        world.Log.BeforeDecision = async _ => refusal = await Assert.ThrowsAsync<RefusedException>(
            () => world.Coordinator.RollbackAsync(id, "", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5)));

        Assert.Equal(Outcome.Committed, (await world.CommitAsync(id)).Outcome);
        Assert.Equal(Reasons.WrongState, refusal!.Reason);
        Assert.All(world.OutcomesOf(id), outcome => Assert.Equal(BranchOutcome.Committed, outcome));
    }

    [Fact]
    public async Task Prepare_OneNeverVotes_AbortsAtTheDeadlineAndItsLateYesIsRolledBack()
    {
        // Branches: inventory votes yes; orders hangs in prepare. Expected: abort at the deadline, both rolled back.
        await using var world = await World.StartAsync();
        var hang = new TaskCompletionSource();
        world.Orders.Before("prepare", _ => hang.Task);
        var id = await world.BeginWithWorkAsync();

        var commit = world.CommitAsync(id);
        await world.AdvanceUntilAsync(() => commit.IsCompleted, "the commit is answered");

        Assert.Equal(Outcome.Aborted, (await commit).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, world.Inventory.OutcomeOf(world.InventoryBranch(id)));
        // Told at once, to end what hangs; not only by a scan that finds what came of it.
        Assert.Equal(1, world.Trace.Count("orders: rollback"));

        hang.SetResult();
        await Eventually.AssertAsync(() => world.Orders.Prepared.Count == 1, TimeSpan.FromSeconds(5), "the late yes arrives");
        await world.Coordinator.ScanAsync(world.OrdersInstance);
        Assert.Empty(world.Orders.Prepared);
    }

    [Fact]
    public async Task Rollback_Active_RollsBackAndIsIdempotent()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();

        Assert.Equal(Outcome.Aborted, (await world.Coordinator.RollbackAsync(id, "", CancellationToken.None)).Outcome);
        Assert.Equal(Outcome.Aborted, (await world.Coordinator.RollbackAsync(id, "", CancellationToken.None)).Outcome);
        Assert.All(world.OutcomesOf(id), outcome => Assert.Equal(BranchOutcome.RolledBack, outcome));
    }

    [Fact]
    public async Task Rollback_AfterCommit_IsRefused()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        await world.CommitAsync(id);

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => world.Coordinator.RollbackAsync(id, "", CancellationToken.None));

        Assert.Equal(Reasons.WrongState, refusal.Reason);
    }

    [Fact]
    public async Task Begin_SameIdempotencyKeyWhileOpen_IsTheSameTransaction()
    {
        await using var world = await World.StartAsync();

        Assert.Equal(await world.BeginAsync(key: "k"), await world.BeginAsync(key: "k"));
    }

    [Fact]
    public async Task Begin_SameKeyFromAnotherCaller_IsToldThatTheWorkIsSomebodyElses()
    {
        await using var world = await World.StartAsync();
        var first = await world.Coordinator.BeginAsync(null, "order", "k", attempt: "a");

        var retry = await world.Coordinator.BeginAsync(null, "order", "k", attempt: "a");
        var other = await world.Coordinator.BeginAsync(null, "order", "k", attempt: "b");

        Assert.Equal((first.Transaction.Id, false), (retry.Transaction.Id, retry.IsExisting));
        Assert.Equal((first.Transaction.Id, true), (other.Transaction.Id, other.IsExisting));
    }

    [Fact]
    public async Task Begin_KeyOfAnAbortedTransaction_BeginsAnother()
    {
        await using var world = await World.StartAsync();
        var first = await world.BeginAsync(key: "k");
        await world.Coordinator.RollbackAsync(first, "", CancellationToken.None);

        Assert.NotEqual(first, await world.BeginAsync(key: "k"));
    }
}
