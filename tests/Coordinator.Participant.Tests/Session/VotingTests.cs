using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;

namespace Coordinator.Participant.Tests.Session;

public sealed class VotingTests : SessionTest
{
    [Fact]
    public async Task Prepare_Twice_GivesTheStoredVote_R9()
    {
        var branch = await WorkAsync();

        var first = await PrepareAsync(branch);
        Resources.Vote = new Vote.No("not asked again");

        Assert.Equal(new Vote.Prepared("evidence"), first);
        Assert.Equal(first, await PrepareAsync(branch));
        Assert.Equal(["enlist", "begin", "session-prepare"], Resources.Trace);
    }

    [Fact]
    public async Task Prepare_TwoAtOnce_ShareOneExecution_R9()
    {
        var branch = await WorkAsync();
        var answer = new TaskCompletionSource();
        Resources.On("session-prepare", () => answer.Task);

        var first = PrepareAsync(branch);
        var second = PrepareAsync(branch);
        answer.SetResult();

        Assert.Equal(await first, await second);
        Assert.Single(Resources.Trace, "session-prepare");
    }

    [Fact]
    public async Task Prepare_No_IsStoredAfterTheBranchIsOver_R9()
    {
        var branch = await WorkAsync();
        Resources.Vote = new Vote.No("23503");

        Assert.Equal(new Vote.No("23503"), await PrepareAsync(branch));
        Assert.Equal(new Vote.No("23503"), await PrepareAsync(branch));
        Assert.Equal(0, Session.OpenBranches);
    }

    [Fact]
    public async Task Prepare_ReadOnly_EndsTheSession()
    {
        var branch = await WorkAsync();
        Resources.Vote = new Vote.ReadOnly();

        Assert.IsType<Vote.ReadOnly>(await PrepareAsync(branch));
        Assert.Equal(["enlist", "begin", "session-prepare", "session-end"], Resources.Trace);
        Assert.IsType<Vote.ReadOnly>(await PrepareAsync(branch));
    }

    [Fact]
    public async Task Prepare_UnknownBranch_VotesNoAndBarsIt()
    {
        var transaction = Ids.NewTransaction();

        Assert.IsType<Vote.No>(await PrepareAsync(BranchOf(transaction)));
        Assert.Equal("WRONG_STATE", await RefusedAsync(() => EnlistAsync(transaction)));
    }

    [Fact]
    public async Task Prepare_OtherProcessesBranch_VotesNo() =>
        Assert.IsType<Vote.No>(await PrepareAsync(new BranchId(Ids.NewTransaction(), new BranchName("inventory", "00000000"))));

    [Fact]
    public async Task Prepare_WorkStillRuns_VotesNoAndRollsBack_R14()
    {
        var work = await EnlistAsync(Ids.NewTransaction());

        Assert.IsType<Vote.No>(await PrepareAsync(work.Id));
        Assert.True(work.Ending.IsCancellationRequested);
        Assert.IsType<Vote.No>(await PrepareAsync(work.Id).WhileAdvancing(Time));
        await work.DisposeAsync();
        await Eventually.AssertAsync(() => Session.OpenBranches == 0, Limit, "the branch ends");
        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(work.Id));
    }

    [Fact]
    public async Task Prepare_WhileOpening_VotesNo_R14()
    {
        Coordinator.Answer = _ => new TaskCompletionSource<TimeSpan>().Task;
        var transaction = Ids.NewTransaction();
        var work = EnlistAsync(transaction);

        Assert.IsType<Vote.No>(await PrepareAsync(BranchOf(transaction)));
        await Assert.ThrowsAsync<EnlistmentRefusedException>(() => work);
        await Eventually.AssertAsync(() => Session.OpenBranches == 0, Limit, "the branch ends");
    }

    [Fact]
    public async Task Prepare_WaitingStatement_IsRefusedNotRun()
    {
        var work = await EnlistAsync(Ids.NewTransaction());
        var waiting = EnlistAsync(work.Id.Transaction);

        await PrepareAsync(work.Id);

        Assert.Equal("VOTED_NO", await RefusedAsync(() => waiting));
        await work.DisposeAsync();
    }

    [Fact]
    public async Task Prepare_PoisonedBranch_VotesNo()
    {
        await using (var work = await EnlistAsync(Ids.NewTransaction()))
        {
            work.Poison("A statement failed: 23505");
            await work.DisposeAsync();
            Assert.Equal("BRANCH_POISONED", await RefusedAsync(() => EnlistAsync(work.Id.Transaction)));
            Assert.Equal(new Vote.No("A statement failed: 23505"), await PrepareAsync(work.Id));
        }
    }

    // Branch: one. Fault: prepare takes effect in the database, its answer is lost.
    // Expected: no vote, the session is ended; a rollback by the coordinator finds the orphan and ends it.
    [Fact]
    public async Task Prepare_NoAnswer_EndsTheSessionAndIsUnknown()
    {
        var branch = await WorkAsync();
        Resources.On("session-prepare", () =>
        {
            Resources.Set(branch, BranchOutcome.Prepared);
            throw new FakeDbException("connection lost");
        });

        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => PrepareAsync(branch));

        Assert.Equal(["enlist", "begin", "session-prepare", "session-end"], Resources.Trace);
        Assert.Equal(BranchOutcome.RolledBack, (await RollbackAsync(branch)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(branch));
    }

    [Fact]
    public async Task Prepare_AfterOneWithoutAnswer_RollsBackBeforeItVotesNo()
    {
        var branch = await WorkAsync();
        Resources.FailWith("session-prepare", new TimeoutException());
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => PrepareAsync(branch));
        Resources.FailWith("rollback", new FakeDbException("still down"));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => PrepareAsync(branch));

        Resources.Heal("rollback");

        Assert.IsType<Vote.No>(await PrepareAsync(branch));
        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(branch));
    }

    // Branch: one. Fault: the database hangs in prepare; the coordinator gives up and rolls back.
    // Expected: the prepare is told to stop, and the branch ends from outside when it does not.
    [Fact]
    public async Task Rollback_WhilePrepareHangs_EndsTheBranchFromOutside()
    {
        var branch = await WorkAsync();
        var answer = new TaskCompletionSource();
        Resources.On("session-prepare", () => answer.Task);
        var vote = PrepareAsync(branch);

        var rolledBack = await RollbackAsync(branch).WhileAdvancing(Time);
        answer.SetResult();

        Assert.Equal(BranchOutcome.RolledBack, rolledBack.Outcome);
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => vote);
        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(branch));
        Assert.Equal(0, Session.OpenBranches);
    }

    [Fact]
    public async Task CommitOnePhase_Active_CommitsAndKeepsTheAnswer_R9_R13()
    {
        var branch = await WorkAsync();

        Assert.Equal(BranchReport.Committed, await Session.CommitOnePhaseAsync(branch, default));
        Assert.Equal(BranchReport.Committed, await Session.CommitOnePhaseAsync(branch, default));
        Assert.Single(Resources.Trace, "session-commit-one-phase");
        Assert.Equal(BranchOutcome.Committed, (await RollbackAsync(branch)).Outcome);
    }

    [Fact]
    public async Task CommitOnePhase_NoAnswer_IsInDoubtUntilProven_R13()
    {
        var branch = await WorkAsync();
        Resources.FailWith("session-commit-one-phase", new FakeDbException("connection lost"));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => Session.CommitOnePhaseAsync(branch, default));
        Resources.Heal("session-commit-one-phase");
        Resources.Set(branch, BranchOutcome.Committed);

        Assert.Equal(BranchOutcome.Committed, (await Session.CommitOnePhaseAsync(branch, default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await RollbackAsync(branch)).Outcome);
        Assert.DoesNotContain("rollback", Resources.Trace);
        Assert.Single(Resources.Trace, "session-commit-one-phase");
    }

    // Fault: the commit's answer is late. Expected: neither a rollback nor an inquiry claims anything, or ends the session.
    [Fact]
    public async Task Rollback_WhileCommittingInOnePhase_IsActive_R13()
    {
        var branch = await WorkAsync();
        var answer = new TaskCompletionSource();
        Resources.On("session-commit-one-phase", () => answer.Task);
        var commit = Session.CommitOnePhaseAsync(branch, default);

        var inquiry = await Session.FindOutcomeAsync(branch, null, default);
        var rollback = await RollbackAsync(branch).WhileAdvancing(Time);

        Assert.Equal(BranchOutcome.Active, inquiry.Outcome);
        Assert.Equal(BranchOutcome.Active, rollback.Outcome);
        Assert.Equal(["enlist", "begin", "session-commit-one-phase"], Resources.Trace);
        answer.SetResult();
        Assert.Equal(BranchReport.Committed, await commit);
    }

    // Fault: the commit's answer is lost, and its session still runs in the database. Then the proof is gone as well, and
    // the sweep lets the branch go. Expected: never a rollback from outside, which would claim that it did not commit.
    [Fact]
    public async Task Rollback_OnePhaseWithoutAnswer_AsksForProofOnly_R13()
    {
        var branch = await WorkAsync();
        Resources.FailWith("session-commit-one-phase", new FakeDbException("connection lost"));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => Session.CommitOnePhaseAsync(branch, default));

        Resources.Set(branch, BranchOutcome.Active);
        Assert.Equal(BranchOutcome.Active, (await RollbackAsync(branch)).Outcome);
        Resources.Set(branch, BranchOutcome.Unknown);
        Assert.Equal(BranchOutcome.Unknown, (await RollbackAsync(branch)).Outcome);
        Time.Advance(TimeSpan.FromSeconds(30));
        await Session.SweepAsync(default);
        Assert.Equal(0, Session.OpenBranches);
        Assert.Equal(BranchOutcome.Unknown, (await RollbackAsync(branch)).Outcome);

        Assert.DoesNotContain("rollback", Resources.Trace);
        Resources.Set(branch, BranchOutcome.Committed);
        Assert.Equal(BranchOutcome.Committed, (await RollbackAsync(branch)).Outcome);
    }

    [Fact]
    public async Task FindOutcome_VotedReadOnly_ClaimsNothing()
    {
        Resources.Vote = new Vote.ReadOnly();
        var branch = await WorkAsync();
        Assert.IsType<Vote.ReadOnly>(await PrepareAsync(branch));

        Assert.Equal(
            new BranchReport(BranchOutcome.Unknown, "It was read-only."), await Session.FindOutcomeAsync(branch, null, default));
        Assert.Equal(BranchOutcome.RolledBack, (await RollbackAsync(branch)).Outcome);
        Assert.DoesNotContain("find", Resources.Trace);
    }

    [Fact]
    public async Task CommitOnePhase_WorkStillRuns_RollsBack_R14()
    {
        var work = await EnlistAsync(Ids.NewTransaction());

        var report = Session.CommitOnePhaseAsync(work.Id, default);
        await work.DisposeAsync();

        Assert.Equal(BranchOutcome.RolledBack, (await report).Outcome);
        Assert.DoesNotContain("session-commit-one-phase", Resources.Trace);
    }

    [Fact]
    public async Task CommitOnePhase_Prepared_IsRefused()
    {
        var branch = await WorkAsync();
        await PrepareAsync(branch);

        Assert.Equal(BranchOutcome.Prepared, (await Session.CommitOnePhaseAsync(branch, default)).Outcome);
        Assert.DoesNotContain("session-commit-one-phase", Resources.Trace);
    }

    [Fact]
    public async Task CommitOnePhase_NeverSeen_ClaimsNothing() => Assert.Equal(
        BranchOutcome.Unknown,
        (await Session.CommitOnePhaseAsync(BranchOf(Ids.NewTransaction()), default)).Outcome);
}
