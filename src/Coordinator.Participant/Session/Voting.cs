namespace Coordinator.Participant.Session;

/// <summary>The first phase, and the one phase of a transaction with a single branch.</summary>
internal sealed class Voting(SessionContext context, Finishing finishing)
{
    /// <summary>
    /// 1. A vote that was given is given again (R9); a branch that this process does not have is a no.
    /// 2. A branch with work in hand, or that is doomed, votes no and is rolled back (R14).
    /// 3. The database prepares. No answer leaves the result unknown: the session is ended and nothing is voted.
    /// </summary>
    public async Task<Vote> PrepareAsync(BranchId id)
    {
        if (context.Table.FindAnswer(id) is { } answer)
            return answer.Vote ?? new Vote.No("The branch is over.");
        if (context.Table.Find(id) is not { } branch)
        {
            const string Reason = "This process does not hold the branch.";
            context.Table.Bar(id, Reason);
            return new Vote.No(Reason);
        }

        if (TryStart(branch, HeldState.Voting))
            return await VoteAsync(branch);
        if (finishing.TryEndUnprepared(branch, Reasons.VotedNo, "Work was still running when prepare came."))
            return new Vote.No("Work was still running when prepare came.");
        return await VoteWithoutWorkAsync(branch);
    }

    /// <summary>Commits without prepare; a session without an answer leaves it in doubt until proven (R13).</summary>
    public async Task<BranchReport> CommitOnePhaseAsync(BranchId id)
    {
        if (context.Table.FindAnswer(id)?.Report is { } report)
            return report;
        if (context.Table.Find(id) is not { } branch)
        {
            context.Table.Bar(id, "This process did not hold the branch when it was to commit.");
            return await finishing.FindOutcomeAsync(id, evidence: null);
        }

        if (TryStart(branch, HeldState.CommittingOnePhase))
            return await CommitOnePhaseAsync(branch);
        const string Busy = "Work was still running when commit came.";
        return branch.State switch
        {
            HeldState.Opening or HeldState.Active => await finishing.RollBackAsync(branch, evidence: null, Busy),
            HeldState.Doomed => await finishing.RollBackAsync(branch, evidence: null, branch.DoomReason!),
            HeldState.Prepared => new BranchReport(BranchOutcome.Prepared, "It is prepared: commit in one phase is refused."),
            HeldState.Voting => throw new ParticipantUnavailableException("The branch is being prepared."),
            _ => await finishing.FindOutcomeAsync(id, evidence: null),
        };
    }

    private bool TryStart(HeldBranch branch, HeldState next)
    {
        lock (context.Table.Sync)
        {
            if (branch.State != HeldState.Active || !branch.Gate.TryEnter())
                return false;
            branch.MoveTo(next);
        }

        branch.Settle();
        return true;
    }

    private async Task<Vote> VoteAsync(HeldBranch branch)
    {
        try
        {
            var vote = await branch.Session!.PrepareAsync(branch.Ending);
            return await KeepAsync(branch, vote);
        }
        catch (Exception failure)
        {
            // Whatever failed, the database may have prepared. The session is ended so that no prepare follows later.
            await context.EndSessionAsync(branch);
            lock (context.Table.Sync)
            {
                if (branch.State == HeldState.Voting)
                    branch.MoveTo(HeldState.PrepareUnknown);
            }

            Log.PrepareUnknown(context.Logger, failure, branch.Id);
            throw new ParticipantUnavailableException($"Prepare got no answer from the database ({failure.Message}).", failure);
        }
        finally
        {
            await context.LeaveAsync(branch);
        }
    }

    private async Task<Vote> KeepAsync(HeldBranch branch, Vote vote)
    {
        lock (context.Table.Sync)
        {
            if (branch.State != HeldState.Voting)
                vote = new Vote.No("It was rolled back while it was being prepared.");
            else if (vote is Vote.Prepared)
            {
                branch.Vote = vote;
                branch.MoveTo(HeldState.Prepared);
                return vote;
            }
        }

        await context.EndSessionAsync(branch);
        context.Table.Finish(branch, vote, report: null);
        return vote;
    }

    private async Task<Vote> VoteWithoutWorkAsync(HeldBranch branch)
    {
        lock (context.Table.Sync)
        {
            if (branch.Vote is { } given)
                return given;
            if (branch.State is HeldState.Voting or HeldState.CommittingOnePhase or HeldState.OnePhaseUnknown)
                throw new ParticipantUnavailableException("A command to the branch has not been answered by its database.");
        }

        // Doomed, or prepared without an answer: no yes was given, so it may be rolled back, and only then a no is true.
        await finishing.RollBackAsync(branch, evidence: null, branch.DoomReason ?? "An earlier prepare got no answer.");
        return context.Table.FindAnswer(branch.Id)?.Vote ?? new Vote.No("The branch is over.");
    }

    private async Task<BranchReport> CommitOnePhaseAsync(HeldBranch branch)
    {
        try
        {
            var report = await branch.Session!.CommitOnePhaseAsync(CancellationToken.None);
            await context.EndSessionAsync(branch);
            if (report.Outcome is BranchOutcome.Committed or BranchOutcome.RolledBack)
                context.Table.Finish(branch, vote: null, report);
            else
                branch.MoveTo(HeldState.OnePhaseUnknown);
            return report;
        }
        catch (Exception failure)
        {
            // Whatever failed, the database may have committed.
            await context.EndSessionAsync(branch);
            branch.MoveTo(HeldState.OnePhaseUnknown);
            Log.OnePhaseUnknown(context.Logger, failure, branch.Id);
            throw new ParticipantUnavailableException($"Commit got no answer from the database ({failure.Message}).", failure);
        }
        finally
        {
            await context.LeaveAsync(branch);
        }
    }
}
