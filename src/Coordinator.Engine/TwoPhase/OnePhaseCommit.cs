using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// Commit without prepare, for a transaction of exactly one branch: its outcome is the branch's (R13). Nothing is
/// logged, so without an answer it is in doubt until the database proves it, and unknown if that cannot be.
/// </summary>
internal sealed class OnePhaseCommit(Delivery delivery, HeuristicLedger heuristics, EngineOptions options, ILogger logger)
{
    /// <summary>Commits; ends with the transaction committed, aborted, or in doubt for ever.</summary>
    public async Task RunAsync(GlobalTransaction transaction, Branch branch, IParticipant holder)
    {
        var report = await SendOnePhaseAsync(branch, holder);
        if (!IsProven(report))
        {
            transaction.MoveTo(TransactionState.InDoubt, Reasons.ParticipantUnavailable, report.Detail);
            Log.OnePhaseInDoubt(logger, branch.Id, report.Detail ?? "no answer");
            report = await delivery.FindOutcomeAsync(transaction, branch)
                ?? new BranchReport(BranchOutcome.Unknown, "the participant was removed");
        }

        if (!IsProven(report))
        {
            // It cannot be told, and never will be: unknown, which is neither committed nor aborted (R13).
            await heuristics.RecordUnprovenAsync(branch, report.Detail ?? "");
            transaction.EndUnknown(report.Detail ?? "Its only branch cannot prove how it ended.");
            return;
        }

        var committed = report.Outcome == BranchOutcome.Committed;
        transaction.Update(branch, committed ? BranchState.Committed : BranchState.RolledBack, report.Detail);
        transaction.MoveTo(
            committed ? TransactionState.Committed : TransactionState.Aborted,
            committed ? null : Reasons.VotedNo,
            committed ? null : $"Branch {branch.Id.Branch} did not commit: {report.Detail}");
    }

    private async Task<BranchReport> SendOnePhaseAsync(Branch branch, IParticipant holder)
    {
        using var span = EngineTracing.StartCommand("commit one-phase", branch);
        span.SetDatabase(holder);
        try
        {
            var report = await delivery.SendOnceAsync(
                cancellation => holder.CommitOnePhaseAsync(branch.Id, cancellation), options.CommandTimeout);
            span?.SetTag(SpanTags.Outcome, report.Outcome.ToString());
            return report;
        }
        catch (ParticipantUnavailableException exception)
        {
            span.Fail(exception);
            return new BranchReport(BranchOutcome.Active, exception.Message);
        }
    }

    private static bool IsProven(BranchReport report) =>
        report.Outcome is BranchOutcome.Committed or BranchOutcome.RolledBack;
}
