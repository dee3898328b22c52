using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;

namespace Coordinator.Participant.Tests.Session;

public sealed class OpeningTests : SessionTest
{
    [Fact]
    public async Task Enlist_FirstWork_IsAcknowledgedBeforeTheSessionBegins_R14()
    {
        var acknowledged = new TaskCompletionSource<TimeSpan>();
        Coordinator.Answer = _ => acknowledged.Task;

        var work = EnlistAsync(Ids.NewTransaction());

        Assert.False(work.IsCompleted);
        Assert.Equal(["enlist"], Resources.Trace);
        acknowledged.SetResult(TimeSpan.FromSeconds(30));
        await work;
        Assert.Equal(["enlist", "begin"], Resources.Trace);
    }

    [Fact]
    public async Task Enlist_ConcurrentFirstUses_ShareOneEnlistmentAndTakeTurns_R14()
    {
        var acknowledged = new TaskCompletionSource<TimeSpan>();
        Coordinator.Answer = _ => acknowledged.Task;
        var transaction = Ids.NewTransaction();

        var first = EnlistAsync(transaction);
        var second = EnlistAsync(transaction);
        acknowledged.SetResult(TimeSpan.FromSeconds(30));
        var winner = await Task.WhenAny(first, second).WaitAsync(Limit);
        var other = winner == first ? second : first;

        Assert.False(other.IsCompleted);
        await (await winner).DisposeAsync();
        await (await other.WaitAsync(Limit)).DisposeAsync();
        Assert.Equal(["enlist", "begin"], Resources.Trace);
    }

    [Fact]
    public async Task Enlist_Refused_TellsTheReasonAndLeavesNothing()
    {
        Coordinator.Answer = _ => throw new EnlistmentRefusedException("WRONG_STATE", "It is committing.");

        Assert.Equal("WRONG_STATE", await RefusedAsync(() => EnlistAsync(Ids.NewTransaction())));
        Assert.Equal(0, Session.OpenBranches);
        Assert.Equal(["enlist"], Resources.Trace);
    }

    /// <summary>
    /// The coordinator was killed and is back; a client reached it before this participant attached again. Expected: not
    /// told that its transaction is an old one, for it is the newest; the same work serves once the participant is attached.
    /// </summary>
    [Fact]
    public async Task Enlist_OfAnEpochThatIsNotAttachedYet_MayBeTriedAgain_R8()
    {
        var next = new Epoch(Ids.Epoch.Number + 1, 1);
        var transaction = Ids.NewTransaction(next);
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => EnlistAsync(transaction));
        Assert.Equal("EPOCH_FENCED", await RefusedAsync(() => EnlistAsync(Ids.NewTransaction(new Epoch(Ids.Epoch.Number - 1, 1)))));

        Assert.True(Session.TryAdvanceEpoch(Ids.Cluster, next));

        await using var work = await EnlistAsync(transaction);
        Assert.Equal(["enlist", "begin"], Resources.Trace);
    }

    [Fact]
    public async Task Enlist_NoAnswer_MayBeTriedAgain()
    {
        var transaction = Ids.NewTransaction();
        Coordinator.Answer = _ => throw new ParticipantUnavailableException("gone");
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => EnlistAsync(transaction));

        Coordinator.Answer = _ => Task.FromResult(TimeSpan.FromSeconds(30));

        await WorkAsync(transaction);
        Assert.Equal(["enlist", "enlist", "begin"], Resources.Trace);
    }

    [Fact]
    public async Task Enlist_CallerLeavesWhileOpening_OthersStillGetTheBranch()
    {
        var acknowledged = new TaskCompletionSource<TimeSpan>();
        Coordinator.Answer = _ => acknowledged.Task;
        var transaction = Ids.NewTransaction();
        using var leaving = new CancellationTokenSource();
        var first = Session.EnlistAsync(transaction, null, leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        acknowledged.SetResult(TimeSpan.FromSeconds(30));

        await WorkAsync(transaction);
        Assert.Equal(["enlist", "begin"], Resources.Trace);
    }

    [Fact]
    public async Task Enlist_BeginFails_TheBranchVotesNoAndIsNeverBegunAgain()
    {
        Resources.FailWith("begin", new FakeDbException("connection lost"));
        var transaction = Ids.NewTransaction();
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => EnlistAsync(transaction));
        Resources.Heal("begin");

        Assert.Equal("WRONG_STATE", await RefusedAsync(() => EnlistAsync(transaction)));
        Assert.IsType<Vote.No>(await PrepareAsync(BranchOf(transaction)));
    }

    [Fact]
    public async Task Enlist_DatabaseRefuses_TellsWhatToDo()
    {
        Resources.FailWith("begin", new ResourceRefusedException("Set max_prepared_transactions."));

        Assert.Equal("RESOURCE_REFUSED", await RefusedAsync(() => EnlistAsync(Ids.NewTransaction())));
    }

    [Fact]
    public async Task Enlist_AtTheLimit_IsRefusedBeforeTheCoordinatorHearsOfIt()
    {
        Session = Create(new ParticipantOptions { MaxOpenBranches = 1 });
        var first = await WorkAsync();

        Assert.Equal("OVERLOADED", await RefusedAsync(() => EnlistAsync(Ids.NewTransaction())));
        Assert.Equal(["enlist", "begin"], Resources.Trace);

        await RollbackAsync(first);
        await WorkAsync();
    }

    [Fact]
    public async Task Enlist_SessionsInUse_IsRefused_PreparedBranchesLeftTheirs()
    {
        Resources.MaxSessions = 1;
        Session = Create(new ParticipantOptions());
        var first = await WorkAsync();
        Assert.Equal("OVERLOADED", await RefusedAsync(() => EnlistAsync(Ids.NewTransaction())));

        await PrepareAsync(first);

        await WorkAsync();
    }

    [Theory]
    [InlineData(100, 90)]
    [InlineData(10, 9)]
    [InlineData(1, 1)]
    public void MaxOpenBranches_ByDefault_LeavesSlotsInTheDatabase(int slots, int expected)
    {
        Resources.MaxBranches = slots;

        Assert.Equal(expected, Create(new ParticipantOptions()).MaxOpenBranches);
    }

    [Fact]
    public async Task Enlist_AfterDrain_OpenBranchesGoOnAndNewOnesAreRefused()
    {
        var open = await WorkAsync();
        Session.Drain();

        await WorkAsync(open.Transaction);
        Assert.Equal("DRAINING", await RefusedAsync(() => EnlistAsync(Ids.NewTransaction())));
        Assert.IsType<Vote.Prepared>(await PrepareAsync(open));
    }

    [Fact]
    public async Task Enlist_AfterPrepare_IsRefused()
    {
        var branch = await WorkAsync();
        await PrepareAsync(branch);

        Assert.Equal("WRONG_STATE", await RefusedAsync(() => EnlistAsync(branch.Transaction)));
    }

    [Fact]
    public async Task Enlist_AfterRollbackOfABranchNeverSeen_IsRefused()
    {
        var transaction = Ids.NewTransaction();
        await RollbackAsync(BranchOf(transaction));

        Assert.Equal("WRONG_STATE", await RefusedAsync(() => EnlistAsync(transaction)));
        Assert.IsType<Vote.No>(await PrepareAsync(BranchOf(transaction)));
    }

    /// <summary>Work arrives while the database is asked to roll its branch back. Expected: refused; nothing is begun afterwards.</summary>
    [Fact]
    public async Task Enlist_WhileABranchNeverSeenIsRolledBack_IsRefused()
    {
        var answer = new TaskCompletionSource();
        Resources.On("rollback", () => answer.Task);
        var transaction = Ids.NewTransaction();
        var rollback = RollbackAsync(BranchOf(transaction));

        Assert.Equal("WRONG_STATE", await RefusedAsync(() => EnlistAsync(transaction)));
        answer.SetResult();

        Assert.Equal(BranchOutcome.RolledBack, (await rollback).Outcome);
        Assert.DoesNotContain("begin", Resources.Trace);
    }

    [Fact]
    public async Task Deadline_Passes_AnUnpreparedBranchIsRolledBack_R8()
    {
        var branch = await WorkAsync();

        Time.Advance(TimeSpan.FromSeconds(30));

        await Eventually.AssertAsync(() => Session.OpenBranches == 0, Limit, "the branch ends");
        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(branch));
        Assert.IsType<Vote.No>(await PrepareAsync(branch));
    }

    [Fact]
    public async Task Deadline_Passes_RunningWorkIsToldToStop_R8()
    {
        var work = await EnlistAsync(Ids.NewTransaction());

        Time.Advance(TimeSpan.FromSeconds(30));

        await Eventually.AssertAsync(() => work.Ending.IsCancellationRequested, Limit, "the work is told");
        Assert.Equal("DEADLINE_PASSED", await RefusedAsync(() => EnlistAsync(work.Id.Transaction)));
        await work.DisposeAsync();
        await Eventually.AssertAsync(() => Session.OpenBranches == 0, Limit, "the branch ends");
        Assert.Equal(["enlist", "begin", "session-rollback", "session-end"], Resources.Trace);
    }

    [Fact]
    public async Task Deadline_Passes_APreparedBranchStays_R8()
    {
        var branch = await WorkAsync();
        await PrepareAsync(branch);

        Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(BranchOutcome.Prepared, Resources.OutcomeOf(branch));
        Assert.Equal(1, Session.OpenBranches);
        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(branch)).Outcome);
    }
}
