using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;

namespace Coordinator.Participant.Tests.Session;

public sealed class FinishingTests : SessionTest
{
    [Fact]
    public async Task Commit_HeldSession_UsesIt_AndDuplicatesGetTheStoredAnswer_R9()
    {
        var branch = await PreparedAsync();

        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(branch)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(branch)).Outcome);

        Assert.Equal(["enlist", "begin", "session-prepare", "session-commit", "session-end"], Resources.Trace);
        Assert.Equal(0, Session.OpenBranches);
    }

    [Fact]
    public async Task Commit_TwoAtOnce_ShareOneExecution_R9()
    {
        var branch = await PreparedAsync();
        var answer = new TaskCompletionSource();
        Resources.On("session-commit", () => answer.Task);

        var first = CommitAsync(branch);
        var second = CommitAsync(branch);
        answer.SetResult();

        Assert.Equal(await first, await second);
        Assert.Single(Resources.Trace, "session-commit");
    }

    [Fact]
    public async Task Commit_CallerCancels_GoesOn_R12()
    {
        var branch = await PreparedAsync();
        var answer = new TaskCompletionSource();
        Resources.On("session-commit", () => answer.Task);
        using var leaving = new CancellationTokenSource();
        var commit = Session.CommitAsync(branch, null, leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => commit);

        answer.SetResult();

        await Eventually.AssertAsync(() => Resources.OutcomeOf(branch) == BranchOutcome.Committed, Limit, "it commits");
    }

    [Fact]
    public async Task Commit_SessionLost_GoesThroughTheResourceManager()
    {
        var branch = await PreparedAsync();
        Resources.FailWith("session-commit", new FakeDbException("connection lost"));

        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(branch)).Outcome);
        Assert.Equal(["enlist", "begin", "session-prepare", "session-commit", "session-end", "commit"], Resources.Trace);
    }

    [Fact]
    public async Task Commit_NoAnswerAtAll_IsUnavailable_AndTheNextTryFinishes()
    {
        var branch = await PreparedAsync();
        Resources.FailWith("session-commit", new FakeDbException("connection lost"));
        Resources.FailWith("commit", new FakeDbException("server down"));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => CommitAsync(branch));

        Resources.Heal("commit");

        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(branch)).Outcome);
    }

    // Fault: the server behind the address became a standby, which concludes nothing.
    [Fact]
    public async Task AnyCommand_DatabaseRefuses_IsUnavailable()
    {
        var branch = await PreparedAsync();
        var refusal = new ResourceRefusedException("The inquiry ran on a standby: it concludes nothing.");
        foreach (var operation in new[] { "session-commit", "session-rollback", "commit", "rollback", "find", "list", "remember" })
            Resources.FailWith(operation, refusal);

        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => FindAsync(branch));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => CommitAsync(branch));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => RollbackAsync(branch));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => Session.ListPreparedAsync(default));
        await Assert.ThrowsAsync<ParticipantUnavailableException>(
            () => Session.RememberAsync(new CoordinatorMark(Ids.Cluster, Ids.Epoch, 1), default));
    }

    [Fact]
    public async Task Commit_OtherProcessesBranch_GoesThroughTheResourceManager()
    {
        var branch = new BranchId(Ids.NewTransaction(), new BranchName("inventory", "00000000"));
        Resources.Set(branch, BranchOutcome.Prepared);

        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(branch)).Outcome);
        Assert.Equal(["commit"], Resources.Trace);
    }

    [Fact]
    public async Task Commit_NotPrepared_IsRefused_R1()
    {
        var branch = await WorkAsync();

        Assert.Equal(BranchOutcome.Active, (await CommitAsync(branch)).Outcome);
        Assert.Equal(BranchOutcome.Active, Resources.OutcomeOf(branch));
    }

    [Fact]
    public async Task Commit_AfterRollback_TellsThatItWasRolledBack()
    {
        var branch = await PreparedAsync();
        await RollbackAsync(branch);

        Assert.Equal(BranchOutcome.RolledBack, (await CommitAsync(branch)).Outcome);
    }

    [Fact]
    public async Task Rollback_AfterCommit_TellsThatItCommitted()
    {
        var branch = await PreparedAsync();
        await CommitAsync(branch);

        Assert.Equal(BranchOutcome.Committed, (await RollbackAsync(branch)).Outcome);
        Assert.DoesNotContain("rollback", Resources.Trace);
    }

    [Fact]
    public async Task Rollback_Prepared_IsObeyed()
    {
        var branch = await PreparedAsync();

        Assert.Equal(BranchOutcome.RolledBack, (await RollbackAsync(branch)).Outcome);
        Assert.Equal(["enlist", "begin", "session-prepare", "session-rollback", "session-end"], Resources.Trace);
    }

    [Fact]
    public async Task Rollback_WorkDoesNotStop_EndsTheBranchFromOutside()
    {
        var work = await EnlistAsync(Ids.NewTransaction());

        var report = await RollbackAsync(work.Id).WhileAdvancing(Time);

        Assert.Equal(BranchOutcome.RolledBack, report.Outcome);
        Assert.True(work.Ending.IsCancellationRequested);
        Assert.Equal(["enlist", "begin", "rollback"], Resources.Trace);
        // The session is let go as soon as the work gives it back.
        await work.DisposeAsync();
        Assert.Equal(["enlist", "begin", "rollback", "session-end"], Resources.Trace);
    }

    // Fault: the statement outlives the grace, and fails because the rollback ends it from outside; the caller leaves
    // BEFORE the rollback is answered. Expected: the session is ended all the same, else its place is lost for good.
    [Fact]
    public async Task Rollback_WorkEndsWhileItIsFinishedFromOutside_NoSessionStaysBehind()
    {
        var work = await EnlistAsync(Ids.NewTransaction());
        Resources.On("rollback", () => work.DisposeAsync().AsTask());

        var report = await RollbackAsync(work.Id).WhileAdvancing(Time);

        Assert.Equal(BranchOutcome.RolledBack, report.Outcome);
        Assert.Equal(["enlist", "begin", "rollback", "session-end"], Resources.Trace);
    }

    // The same, with another command inside the gate at the moment in which the branch is over.
    [Fact]
    public async Task Rollback_AnotherCommandGetsTheGateMeanwhile_NoSessionStaysBehind()
    {
        var work = await EnlistAsync(Ids.NewTransaction());
        var finishing = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        Resources.On("rollback", () =>
        {
            finishing.TrySetResult();
            return answer.Task;
        });
        var rollback = RollbackAsync(work.Id);
        await Eventually.AssertAsync(
            () =>
            {
                Time.Advance(TimeSpan.FromMilliseconds(500));
                return finishing.Task.IsCompleted;
            },
            Limit,
            "the grace ends");
        var prepare = PrepareAsync(work.Id);
        await work.DisposeAsync();
        answer.SetResult();

        Assert.Equal(BranchOutcome.RolledBack, (await rollback).Outcome);
        Assert.IsType<Vote.No>(await prepare);
        Assert.Single(Resources.Trace, "session-end");
    }

    [Fact]
    public async Task Rollback_WhileBeginning_NoSessionStaysBehind()
    {
        var begun = new TaskCompletionSource();
        Resources.On("begin", () => begun.Task);
        var transaction = Ids.NewTransaction();
        var work = EnlistAsync(transaction);

        var report = await RollbackAsync(BranchOf(transaction)).WhileAdvancing(Time);

        Assert.Equal(BranchOutcome.RolledBack, report.Outcome);
        await Assert.ThrowsAnyAsync<Exception>(() => work);
        Assert.Equal(0, Session.OpenBranches);
        Assert.Equal("WRONG_STATE", await RefusedAsync(() => EnlistAsync(transaction)));
    }

    [Fact]
    public async Task FindOutcome_Prepared_AsksTheDatabase()
    {
        var branch = await PreparedAsync();

        Assert.Equal(BranchOutcome.Prepared, (await FindAsync(branch)).Outcome);
        // A DBA finishes it by hand: only the database knows.
        Resources.Set(branch, BranchOutcome.RolledBack);
        Assert.Equal(BranchOutcome.RolledBack, (await FindAsync(branch)).Outcome);
    }

    [Fact]
    public async Task FindOutcome_AtWork_IsActive() =>
        Assert.Equal(BranchOutcome.Active, (await FindAsync(await WorkAsync())).Outcome);

    // Branch: one, committed. Fault: a failover brings it back as prepared.
    // Expected: the stored answer is not believed any more, and commit is executed again.
    [Fact]
    public async Task Commit_BranchThatCameBack_IsCommittedAgain()
    {
        var branch = await PreparedAsync();
        await CommitAsync(branch);
        Resources.Set(branch, BranchOutcome.Prepared);

        var scan = await Session.ListPreparedAsync(default);

        Assert.Equal(branch, Assert.Single(scan.Branches).Id);
        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(branch)).Outcome);
        Assert.Equal(BranchOutcome.Committed, Resources.OutcomeOf(branch));
    }

    [Fact]
    public async Task NoteServerStart_Changed_DoubtsStoredAnswers()
    {
        var branch = await PreparedAsync();
        await RollbackAsync(branch);
        Resources.Set(branch, BranchOutcome.Prepared);

        Assert.False(Session.NoteServerStart("start-1"));
        Assert.True(Session.NoteServerStart("start-2"));

        Assert.Equal(BranchOutcome.RolledBack, (await RollbackAsync(branch)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(branch));
    }

    [Fact]
    public async Task StoredAnswers_AreBounded()
    {
        Session = Create(new ParticipantOptions { MaxStoredAnswers = 2 });
        var oldest = await PreparedAsync();
        await CommitAsync(oldest);
        await CommitAsync(await PreparedAsync());
        await CommitAsync(await PreparedAsync());

        // Forgotten here, and asked of the database, which knows.
        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(oldest)).Outcome);
        Assert.Single(Resources.Trace, "commit");
    }

    [Fact]
    public async Task AdvanceEpoch_Newer_RollsBackUnpreparedBranchesOnly_R8()
    {
        var unprepared = await WorkAsync();
        var prepared = await PreparedAsync();

        Assert.True(Session.TryAdvanceEpoch(Ids.Cluster, new Epoch(13, 1)));

        await Eventually.AssertAsync(() => Session.OpenBranches == 1, Limit, "the unprepared branch ends");
        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(unprepared));
        Assert.Equal(BranchOutcome.Prepared, Resources.OutcomeOf(prepared));
        Assert.Equal("EPOCH_FENCED", await RefusedAsync(() => EnlistAsync(Ids.NewTransaction())));
    }

    [Fact]
    public void AdvanceEpoch_OlderOrForeignNonce_IsRefused_R9()
    {
        Assert.False(Session.TryAdvanceEpoch(Ids.Cluster, new Epoch(11, 0x9f8e7d6c)));
        Assert.False(Session.TryAdvanceEpoch(Ids.Cluster, new Epoch(12, 1)));
        Assert.True(Session.TryAdvanceEpoch(Ids.Cluster, Ids.Epoch));

        Assert.True(Session.Accepts(Ids.Epoch));
        Assert.False(Session.Accepts(new Epoch(11, 0x9f8e7d6c)));
        Assert.False(Session.Accepts(new Epoch(12, 1)));
    }

    [Fact]
    public async Task Sweep_BranchFinishedByAnotherProcess_LetsItsSessionGo()
    {
        var finished = await PreparedAsync();
        var waiting = await PreparedAsync();
        Resources.Set(finished, BranchOutcome.Committed);
        Time.Advance(TimeSpan.FromSeconds(30));

        await Session.SweepAsync(default);

        Assert.Equal(1, Session.OpenBranches);
        Assert.Equal(BranchOutcome.Prepared, Resources.OutcomeOf(waiting));
        Assert.Equal(BranchOutcome.Committed, (await CommitAsync(finished)).Outcome);
        Assert.DoesNotContain("session-commit", Resources.Trace);
    }

    [Fact]
    public async Task Dispose_UnpreparedRollBack_PreparedStay_R8()
    {
        var unprepared = await WorkAsync();
        var prepared = await PreparedAsync();

        await Session.DisposeAsync();

        Assert.Equal(BranchOutcome.RolledBack, Resources.OutcomeOf(unprepared));
        Assert.Equal(BranchOutcome.Prepared, Resources.OutcomeOf(prepared));
    }

    private async Task<BranchId> PreparedAsync()
    {
        var branch = await WorkAsync();
        Assert.IsType<Vote.Prepared>(await PrepareAsync(branch));
        return branch;
    }

    private Task<BranchReport> FindAsync(BranchId branch) => Session.FindOutcomeAsync(branch, null, default);
}
