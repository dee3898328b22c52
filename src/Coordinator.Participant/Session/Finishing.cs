namespace Coordinator.Participant.Session;

/// <summary>
/// The second phase: on the session that this process holds, else through the resource manager, which can finish any
/// process's branch. Only what is proven is stored; everything else is asked anew.
/// </summary>
internal sealed class Finishing(SessionContext context)
{
    private const string ReadOnlyDetail = "It was read-only.";

    public async Task<BranchReport> CommitAsync(BranchId id, string? evidence)
    {
        if (StoredReport(id, forCommit: true) is { } stored)
            return stored;
        if (context.Table.Find(id) is not { } branch)
            return await ThroughResourcesAsync("Commit", id, resources => resources.CommitAsync(id, evidence, CancellationToken.None));
        if (branch.State is not (HeldState.Prepared or HeldState.PrepareUnknown or HeldState.Over))
            return new BranchReport(BranchOutcome.Active, "It is not prepared: commit is refused.");
        await branch.Gate.EnterForCommandAsync(Timeout.InfiniteTimeSpan, context.Time);
        try
        {
            // Another command may have finished it while this one waited.
            return StoredReport(id, forCommit: true) ?? await FinishAsync(
                branch,
                session => session.CommitAsync(CancellationToken.None),
                resources => resources.CommitAsync(id, evidence ?? branch.Evidence, CancellationToken.None),
                "Commit");
        }
        finally
        {
            await context.LeaveAsync(branch);
        }
    }

    public async Task<BranchReport> RollbackAsync(BranchId id, string? evidence)
    {
        if (StoredReport(id, forCommit: false) is { } stored)
            return stored;
        if (context.Table.Find(id) is { } branch)
            return await RollBackAsync(branch, evidence, "The coordinator rolled it back.");
        if (context.Table.FindAnswer(id) is { IsOnePhaseSent: true })
            return await FindOutcomeAsync(id, evidence);
        // BEFORE the database is asked: work that is still on its way must not begin the branch after the answer.
        context.Table.Bar(id, "The coordinator rolled it back.");
        return await ThroughResourcesAsync("Rollback", id, resources => resources.RollbackAsync(id, evidence, CancellationToken.None));
    }

    public async Task<BranchReport> FindOutcomeAsync(BranchId id, string? evidence)
    {
        var answer = context.Table.FindAnswer(id);
        if (answer?.Report is { } stored)
            return stored;
        // It had nothing to commit or roll back, so the database has nothing that proves either.
        if (answer is { Vote: Vote.ReadOnly })
            return new BranchReport(BranchOutcome.Unknown, ReadOnlyDetail);
        if (context.Table.Find(id) is not { } branch)
            return await ThroughResourcesAsync("Inquiry", id, resources => resources.FindOutcomeAsync(id, evidence, CancellationToken.None));
        if (branch.State is HeldState.Opening or HeldState.Active or HeldState.Doomed)
            return new BranchReport(BranchOutcome.Active, branch.DoomReason);
        // The database may have committed already, or never: nothing is known until it answers.
        if (branch.State == HeldState.CommittingOnePhase)
            return new BranchReport(BranchOutcome.Active, "Its commit in one phase is running.");
        var report = await context.AskAsync(
            "Inquiry", resources => resources.FindOutcomeAsync(id, evidence ?? branch.Evidence, CancellationToken.None));
        // A prepared branch may have been finished by hand; a commit without prepare may prove done.
        if (branch.State is HeldState.OnePhaseUnknown or HeldState.PrepareUnknown
            && report.Outcome is BranchOutcome.Committed or BranchOutcome.RolledBack)
        {
            context.Table.Finish(branch, VoteAfter(report), report);
        }

        return report;
    }

    /// <summary>Rolls a held branch back, whatever it is at; waits for running work only for the grace.</summary>
    public async Task<BranchReport> RollBackAsync(HeldBranch branch, string? evidence, string reason)
    {
        if (branch.TryDoom(Reasons.WrongState, reason) || branch.State is HeldState.Doomed or HeldState.Voting)
            branch.StopWork(Refusals.Doomed(branch));
        var entered = await branch.Gate.EnterForCommandAsync(context.Options.EndWorkGrace, context.Time);
        try
        {
            if (StoredReport(branch.Id, forCommit: false) is { } stored)
                return stored;
            // Whether it committed is what nobody knows: a rollback would end the session that may be committing, find
            // nothing, and claim too much. So proof is asked for.
            if (branch.IsOnePhaseSent)
                return await FindOutcomeAsync(branch.Id, evidence);
            if (!entered)
                Log.WorkDoesNotStop(context.Logger, branch.Id);
            return await FinishAsync(
                branch,
                entered ? session => session.RollbackAsync(CancellationToken.None) : null,
                resources => resources.RollbackAsync(branch.Id, evidence ?? branch.Evidence, CancellationToken.None),
                "Rollback");
        }
        finally
        {
            // Not entered: the work may have left while the branch was being finished, too early to see that it was over.
            await (entered ? context.LeaveAsync(branch) : context.EndSessionIfOverAsync(branch));
        }
    }

    /// <summary>Ends a branch that has not voted, without being told (R8).</summary>
    /// <returns>False if it is not the participant's to end.</returns>
    public bool TryEndUnprepared(HeldBranch branch, string code, string reason)
    {
        if (!branch.TryDoom(code, reason))
            return false;
        Log.BranchEnded(context.Logger, branch.Id, reason);
        branch.StopWork(Refusals.Doomed(branch));
        _ = EndInBackgroundAsync(branch, reason);
        return true;
    }

    public void EndUnprepared(HeldBranch branch, string code, string reason) => TryEndUnprepared(branch, code, reason);

    private async Task EndInBackgroundAsync(HeldBranch branch, string reason)
    {
        try
        {
            await RollBackAsync(branch, evidence: null, reason);
        }
        catch (Exception failure)
        {
            // The edge of a task that nobody awaits. The branch stays doomed; the coordinator's rollback finishes it.
            Log.BranchNotEnded(context.Logger, failure, branch.Id);
        }
    }

    // On the session where there is one; through the resource manager where there is none, or where it gave no answer.
    private async Task<BranchReport> FinishAsync(
        HeldBranch branch,
        Func<IBranchSession, Task<BranchReport>>? onSession,
        Func<IResourceManager, Task<BranchReport>> through,
        string what)
    {
        var report = onSession is not null && branch.Session is { } session
            ? await TryOnSessionAsync(branch, session, onSession, what)
            : null;
        // Prepared still: the session stays, since some databases let no other session finish the branch.
        if (report is { Outcome: BranchOutcome.Prepared })
            return report;
        if (onSession is not null)
            await context.EndSessionAsync(branch);
        report ??= await context.AskAsync(what, through);
        if (report.Outcome is BranchOutcome.Committed or BranchOutcome.RolledBack)
        {
            context.Table.Finish(branch, VoteAfter(report, branch.DoomReason), report);
            branch.Settle();
        }

        return report;
    }

    private async Task<BranchReport?> TryOnSessionAsync(
        HeldBranch branch, IBranchSession session, Func<IBranchSession, Task<BranchReport>> onSession, string what)
    {
        try
        {
            return await onSession(session);
        }
        catch (Exception failure) when (SessionContext.IsNoAnswer(failure))
        {
            Log.SessionLost(context.Logger, failure, branch.Id, what);
            return null;
        }
    }

    private async Task<BranchReport> ThroughResourcesAsync(
        string what, BranchId id, Func<IResourceManager, Task<BranchReport>> ask)
    {
        var report = await context.AskAsync(what, ask);
        context.Table.StoreReport(id, report);
        return report;
    }

    private BranchReport? StoredReport(BranchId id, bool forCommit)
    {
        var answer = context.Table.FindAnswer(id);
        if (answer is { Vote: Vote.ReadOnly, Report: null })
        {
            return forCommit
                ? BranchReport.Committed with { Detail = ReadOnlyDetail }
                : BranchReport.RolledBack with { Detail = ReadOnlyDetail };
        }

        return answer?.Report;
    }

    private static Vote.No VoteAfter(BranchReport report, string? reason = null) =>
        new Vote.No(reason ?? $"The branch is over: {report.Outcome}.");
}
