using Coordinator.Client;
using Coordinator.Client.Calls;
using Coordinator.Contracts.V1;
using Microsoft.Extensions.Logging;

namespace Coordinator.Initiation.Committing;

/// <summary>
/// Two-phase commit with unsolicited votes, as its initiator sees it:
/// <list type="number">
/// <item>No branch: nothing to do. One branch: its database decides (R13), and the coordinator hears nothing of it.</item>
/// <item>Prepare all branches in parallel. A no, or no answer, rolls all back: nobody was asked, so nobody can commit.</item>
/// <item>Hand over the votes. From here on only the answer decides, and it is asked for until it comes (R1, R8).</item>
/// <item>Committed: tell the branches, and the coordinator which of them could not be told; it goes on with those.</item>
/// <item>Aborted: roll the branches back.</item>
/// </list>
/// A crash before 3 leaves prepared branches that can never commit, since the coordinator fences whoever reserved the id; a
/// crash after it is the coordinator's to finish.
/// </summary>
internal sealed class VotedCommit(
    TransactionId id, string name, ILastAgent agent, InitiatorOptions options, TimeProvider time, ILogger logger)
{
    private IReadOnlyList<LocalBranch> _prepared = [];
    private LocalBranch? _onePhase;

    /// <exception cref="TransactionException">Every end but a commit.</exception>
    public async Task<CommitResult> RunAsync(IReadOnlyList<LocalBranch> branches, TimeSpan remaining, CommitOptions commit)
    {
        // 1.
        if (branches.Count == 0)
            return Release(new CommitResult(DeliveryPending: false, []));
        if (branches is [var only])
        {
            _onePhase = only;
            return await CommitOnePhaseAsync(only, commit.Wait);
        }

        // 2.
        if (await PrepareAllAsync(branches, remaining) is { } refusal)
        {
            await RollbackAsync(branches);
            throw Outcomes.ToException(id, Outcome.Aborted, refusal.ReasonCode, refusal.Reason, []);
        }

        _prepared = [.. branches.Where(branch => branch.Vote is Vote.Prepared)];
        return _prepared.Count == 0
            ? Release(new CommitResult(DeliveryPending: false, []))
            : await DecideAsync(commit);
    }

    /// <summary>After a doubt: whatever was asked is asked again.</summary>
    public Task<CommitResult> AskAgainAsync(CommitOptions commit) =>
        _onePhase is { } only ? FindOnePhaseAsync(only, BranchReportOf("it was not answered before"), commit.Wait) : DecideAsync(commit);

    /// <summary>Rolls back; for a transaction whose commit nobody was asked for.</summary>
    public async Task RollbackAsync(IReadOnlyList<LocalBranch> branches)
    {
        await Task.WhenAll(branches.Where(branch => branch.Vote is not Vote.ReadOnly).Select(RollbackOneAsync));
        // AFTER the rollbacks: a scan would only do the same again.
        agent.Release(id);
    }

    private async Task<CommitResult> DecideAsync(CommitOptions commit)
    {
        // 3.
        var votes = _prepared.Select(branch => new PreparedBranchVote(branch.Id.Branch, branch.Evidence)).ToList();
        var answer = await agent.DecideAsync(id, name, votes, commit.Wait);
        if (answer.Outcome == Outcome.Aborted)
        {
            // 5.
            await Task.WhenAll(_prepared.Select(RollbackOneAsync));
            throw Outcomes.ToException(id, Outcome.Aborted, answer.ReasonCode, answer.Reason, []);
        }

        if (answer.Outcome != Outcome.Committed)
            throw Outcomes.ToException(id, answer.Outcome, answer.ReasonCode, answer.Reason, []);

        // 4.
        var telling = TellAsync();
        if (commit.Return == Client.CommitReturn.Decided)
            return new CommitResult(DeliveryPending: true, Describe(BranchState.Prepared, []));
        var untold = await telling;
        return new CommitResult(untold.Count > 0, Describe(BranchState.Committed, untold));
    }

    private async Task<IReadOnlyCollection<BranchName>> TellAsync()
    {
        var told = await Task.WhenAll(_prepared.Select(CommitOneAsync));
        BranchName[] untold = [.. _prepared.Where((_, i) => !told[i]).Select(branch => branch.Id.Branch)];
        agent.Acknowledge(id, untold);
        return untold;
    }

    private async Task<bool> CommitOneAsync(LocalBranch branch)
    {
        using var span = InitiationTracing.StartCommand("commit branch", branch.Id);
        try
        {
            var report = await branch.Participant.CommitAsync(branch.Id, branch.Evidence, CancellationToken.None);
            if (report.Outcome == BranchOutcome.Committed)
                return true;
            Log.NotTold(logger, branch.Id, report.Detail ?? report.Outcome.ToString());
        }
        catch (Exception failure)
        {
            span.Fail(failure);
            // Whatever it was: the decision stands, and the coordinator tells the branch.
            Log.NotTold(logger, branch.Id, failure.Message);
        }

        return false;
    }

    private async Task RollbackOneAsync(LocalBranch branch)
    {
        try
        {
            await branch.Participant.RollbackAsync(branch.Id, branch.Evidence, CancellationToken.None);
        }
        catch (Exception failure)
        {
            // Whatever it was: nothing can commit the branch, and the next scan rolls back what is left of it.
            Log.NotRolledBack(logger, branch.Id, failure.Message);
        }
    }

    private async Task<Refusal?> PrepareAllAsync(IReadOnlyList<LocalBranch> branches, TimeSpan remaining)
    {
        var limit = remaining < options.PrepareTimeout ? remaining : options.PrepareTimeout;
        var votes = branches.Select(branch => PrepareAsync(branch, limit)).ToList();
        while (votes.Count > 0)
        {
            // The first no ends the waiting: a branch that is slow to vote holds nobody's locks any longer.
            var first = await Task.WhenAny(votes);
            votes.Remove(first);
            if (await first is { } refusal)
                return refusal;
        }

        return null;
    }

    private async Task<Refusal?> PrepareAsync(LocalBranch branch, TimeSpan limit)
    {
        using var span = InitiationTracing.StartCommand("prepare", branch.Id);
        try
        {
            branch.Vote = await branch.Participant.PrepareAsync(branch.Id, CancellationToken.None)
                .OnCallersScheduler().WaitAsync(limit, time);
            return branch.Vote is Vote.No no
                ? new Refusal("VOTED_NO", $"Branch {branch.Id.Branch} voted no: {no.Reason}")
                : null;
        }
        catch (Exception failure)
        {
            span.Fail(failure);
            // Whatever it was, it is no vote. Unknown: it may be prepared, or become so. It is rolled back with the others.
            return new Refusal("PARTICIPANT_UNAVAILABLE", $"Branch {branch.Id.Branch} did not vote: {failure.Message}");
        }
    }

    private async Task<CommitResult> CommitOnePhaseAsync(LocalBranch only, TimeSpan wait)
    {
        BranchReport report;
        try
        {
            report = await only.Participant.CommitOnePhaseAsync(only.Id, CancellationToken.None);
        }
        catch (Exception failure)
        {
            // Whatever it was: the database may have committed.
            report = BranchReportOf(failure.Message);
        }

        return await FindOnePhaseAsync(only, report, wait);
    }

    // Without an answer it is in doubt until its database proves how it ended, if it can (R13).
    private async Task<CommitResult> FindOnePhaseAsync(LocalBranch only, BranchReport report, TimeSpan wait)
    {
        var asked = time.GetTimestamp();
        for (var delay = options.RetryDelay; report.Outcome is BranchOutcome.Active or BranchOutcome.Prepared;)
        {
            if (time.GetElapsedTime(asked) >= wait)
                throw Outcomes.InDoubt(id, "PARTICIPANT_UNAVAILABLE", report.Detail ?? "its database does not answer");
            await Task.Delay(delay, time);
            delay = delay * 2 < options.MaxRetryDelay ? delay * 2 : options.MaxRetryDelay;
            try
            {
                report = await only.Participant.FindOutcomeAsync(only.Id, evidence: null, CancellationToken.None);
            }
            catch (ParticipantUnavailableException failure)
            {
                report = BranchReportOf(failure.Message);
            }
        }

        agent.Release(id);
        return report.Outcome switch
        {
            BranchOutcome.Committed => new CommitResult(
                DeliveryPending: false, [new BranchDescription(only.Id.Branch.ToString(), BranchState.Committed, "", 0)]),
            BranchOutcome.RolledBack => throw Outcomes.ToException(id, Outcome.Aborted, "VOTED_NO", $"Branch {only.Id.Branch} did not commit: {report.Detail}", []),
            _ => throw Outcomes.Unknown(id, "NO_RECORD", report.Detail ?? "its only branch cannot prove how it ended"),
        };
    }

    private CommitResult Release(CommitResult result)
    {
        agent.Release(id);
        return result;
    }

    private BranchDescription[] Describe(BranchState state, IReadOnlyCollection<BranchName> untold) =>
        [.. _prepared.Select(branch => new BranchDescription(
            branch.Id.Branch.ToString(), untold.Contains(branch.Id.Branch) ? BranchState.Prepared : state, "", 0))];

    private static BranchReport BranchReportOf(string detail) => new(BranchOutcome.Active, detail);

    private sealed record Refusal(string ReasonCode, string Reason);
}
