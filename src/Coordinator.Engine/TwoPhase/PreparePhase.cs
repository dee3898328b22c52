using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>Phase 1: asks every branch for its vote at once.</summary>
internal sealed class PreparePhase(
    ParticipantRegistry registry, Delivery delivery, EngineOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>Null if every branch voted yes or read-only; otherwise the first no.</summary>
    public async Task<Refusal?> RunAsync(GlobalTransaction transaction, IReadOnlyList<Branch> branches)
    {
        var votes = branches.Select(branch => PrepareAsync(transaction, branch)).ToList();
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

    private async Task<Refusal?> PrepareAsync(GlobalTransaction transaction, Branch branch)
    {
        transaction.Update(branch, BranchState.Preparing);
        if (registry.FindHolder(branch.Id.Branch) is not { } participant)
            return new Refusal(Reasons.ParticipantUnavailable, $"Branch {branch.Id.Branch}: its participant is not attached.");

        using var span = EngineTracing.StartCommand("prepare", branch);
        span.SetDatabase(participant);
        try
        {
            var vote = await delivery.SendOnceAsync(
                cancellation => participant.PrepareAsync(branch.Id, cancellation), PrepareLimit(transaction));
            span?.SetTag(SpanTags.Outcome, vote.GetType().Name);
            if (vote is Vote.No)
                span.Fail(Reasons.VotedNo);
            return Count(transaction, branch, vote);
        }
        catch (ParticipantUnavailableException exception)
        {
            span.Fail(exception);
            // The vote is unknown; the branch may be prepared, or become so later. It is rolled back with the others,
            // and a late one is found by the next scan.
            Log.PrepareUnanswered(logger, branch.Id, exception.Message);
            return new Refusal(Reasons.ParticipantUnavailable, $"Branch {branch.Id.Branch} did not vote: {exception.Message}");
        }
    }

    private static Refusal? Count(GlobalTransaction transaction, Branch branch, Vote vote)
    {
        switch (vote)
        {
            case Vote.Prepared prepared:
                transaction.CountVote(branch, BranchState.Prepared, evidence: prepared.Evidence);
                return null;
            case Vote.ReadOnly:
                transaction.CountVote(branch, BranchState.ReadOnly);
                return null;
            case Vote.No no:
                transaction.CountVote(branch, BranchState.VotedNo, no.Reason);
                return new Refusal(Reasons.VotedNo, $"Branch {branch.Id.Branch} voted no: {no.Reason}");
            default:
                throw new InvalidOperationException($"No such vote: {vote}.");
        }
    }

    private TimeSpan PrepareLimit(GlobalTransaction transaction)
    {
        var remaining = transaction.RemainingAt(time);
        if (remaining < TimeSpan.FromMilliseconds(1))
            remaining = TimeSpan.FromMilliseconds(1);
        return remaining < options.CommandTimeout ? remaining : options.CommandTimeout;
    }
}

/// <summary>Why a transaction cannot commit.</summary>
/// <param name="ReasonCode">A name of <see cref="Reasons"/>.</param>
/// <param name="Reason">For people.</param>
internal sealed record Refusal(string ReasonCode, string Reason);
