using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// Recovery of one participant's database, at attach, at every interval, and when its server was restarted:
/// <list type="number">
/// <item>Remember epoch and log position in the database (R7).</item>
/// <item>List the prepared branches. A scan that fails or meets a standby concludes nothing (R6).</item>
/// <item>THEN note which transactions are live; THEN look up the decisions of the others (R6).</item>
/// <item>Plan (<see cref="RecoveryPlan"/>).</item>
/// <item>Commit and roll back as planned, each branch by itself (R11); the rest is left alone.</item>
/// </list>
/// </summary>
internal sealed class Recoverer(
    ITransactionLog log,
    LogKeeper keeper,
    ParticipantRegistry registry,
    TransactionTable table,
    InitiatorTable initiators,
    Delivery delivery,
    HeuristicLedger heuristics,
    LogLineage lineage,
    EngineOptions options,
    EngineMetrics metrics,
    TimeProvider time,
    ILogger logger)
{
    private readonly ConcurrentDictionary<BranchId, bool> _settling = new();

    /// <summary>Steps 2 to 4, changing nothing: what <c>coordctl in-doubt</c> shows.</summary>
    public async Task<IReadOnlyList<PlannedBranch>> PlanAsync(IParticipant participant)
    {
        var scan = await delivery.SendOnceAsync(participant.ListPreparedAsync, options.CommandTimeout);
        var listed = scan.Branches.Select(branch => branch.Id?.Transaction).OfType<TransactionId>().Distinct().ToList();
        var live = NoteLive(listed);
        var decisions = new Dictionary<TransactionId, DecisionRecord>();
        foreach (var id in listed)
        {
            if (live.TryGetValue(id, out var view) && !view.IsDeliveryPending)
                continue;
            if (id.Cluster == lineage.Cluster && await keeper.ReadAsync(log => log.FindDecisionAsync(id)) is { } decision)
                decisions[id] = decision;
        }

        return RecoveryPlan.From(scan.Branches, live, decisions, lineage.ContextFor(participant.Name, registry, log.Horizon));
    }

    /// <summary>All steps, for one participant. Failures are recorded for operators, and the next scan tries again.</summary>
    public async Task RecoverAsync(ParticipantEntry entry, IParticipant participant)
    {
        try
        {
            await delivery.SendOnceAsync(
                async cancellation =>
                {
                    await participant.RememberAsync(lineage.Mark(log.DurableEnd), cancellation);
                    return true;
                },
                options.CommandTimeout);
            var plan = await PlanAsync(participant);
            var settled = await Task.WhenAll(plan.Select(branch => SettleAsync(entry, participant, branch)));
            entry.LastScan = LastScan.Of(plan, settled, entry.LastScan, time);
            entry.LastScanError = null;
            Report(participant, plan, settled.Count(done => done));
        }
        catch (Exception exception) when (exception is ParticipantUnavailableException or RefusedException or LogRefusedException)
        {
            entry.LastScanError = exception.Message;
            Log.ScanFailed(logger, participant.Name, exception.Message);
        }
    }

    // The reserved ones BEFORE those in the table, since that is the way that a transaction goes.
    private Dictionary<TransactionId, TransactionView> NoteLive(IReadOnlyList<TransactionId> listed)
    {
        var reserved = listed.Select(id => (Id: id, Holder: initiators.FindHolder(id))).Where(pair => pair.Holder is not null).ToList();
        var live = table.Live.ToDictionary(transaction => transaction.Id, transaction => transaction.ToView());
        foreach (var (id, holder) in reserved)
            live.TryAdd(id, Inquiry.OfReserved(id, holder!.Name));
        return live;
    }

    private async Task<bool> SettleAsync(ParticipantEntry entry, IParticipant participant, PlannedBranch planned)
    {
        if (planned.Kind is not (PreparedKind.ToCommit or PreparedKind.ToRollBack) || planned.Prepared.Id is not { } id)
            return false;
        // A branch that an earlier scan is still settling is left to that one.
        if (!_settling.TryAdd(id, true))
            return false;
        using var span = EngineTracing.StartSettling(id, planned.Decision);
        span.SetDatabase(participant);
        await entry.InFlight.WaitAsync();
        try
        {
            return planned.Kind == PreparedKind.ToCommit
                ? await CommitAsync(participant, id, planned)
                : await RollbackAsync(participant, id, planned.Prepared.Evidence);
        }
        catch (ParticipantUnavailableException exception)
        {
            // The next scan lists it again.
            span.Fail(exception);
            Log.SettleFailed(logger, id, exception.Message);
            return false;
        }
        finally
        {
            entry.InFlight.Release();
            _settling.TryRemove(id, out _);
        }
    }

    // A database that was restored, or failed over, brings back a branch of a transaction that had ended: the kept
    // decision commits it again.
    private async Task<bool> CommitAsync(IParticipant participant, BranchId id, PlannedBranch planned)
    {
        var evidence = planned.Decision!.EvidenceOf(id.Branch) ?? planned.Prepared.Evidence;
        var report = await delivery.SendOnceAsync(
            cancellation => participant.CommitAsync(id, evidence, cancellation), options.CommandTimeout);
        if (report.Outcome is BranchOutcome.RolledBack or BranchOutcome.Unknown)
            await heuristics.RecordAsync(id, Decision.Commit, report.Outcome, report.Detail ?? "");
        return report.Outcome == BranchOutcome.Committed;
    }

    private async Task<bool> RollbackAsync(IParticipant participant, BranchId id, string? evidence)
    {
        var report = await delivery.SendOnceAsync(
            cancellation => participant.RollbackAsync(id, evidence, cancellation), options.CommandTimeout);
        // No decision names the branch: only its participant's word says that it ever was, and it may say so without end.
        if (report.Outcome == BranchOutcome.Committed && heuristics.Count < options.MaxScanHeuristics)
            await heuristics.RecordAsync(id, Decision.Abort, report.Outcome, report.Detail ?? "");
        else if (report.Outcome == BranchOutcome.Committed)
            Log.HeuristicNotKept(logger, id, options.MaxScanHeuristics);
        // It was prepared, so it had not committed in one phase: its rollback proves how the transaction ended. A live one
        // tells its own reason when it ends.
        if (report.Outcome == BranchOutcome.RolledBack && !table.TryGetLive(id.Transaction, out _))
            RememberAborted(id.Transaction);
        return report.Outcome == BranchOutcome.RolledBack;
    }

    private void RememberAborted(TransactionId id)
    {
        if (id.Epoch == lineage.Epoch)
            table.RememberAborted(id, Reasons.ParticipantUnavailable, "Its initiator did not have it decided; the branches are rolled back.");
        else
            table.RememberAborted(id, Reasons.CoordinatorRestarted, "The coordinator was restarted before it decided; the branches are rolled back.");
    }

    private void Report(IParticipant participant, IReadOnlyList<PlannedBranch> plan, int settled)
    {
        metrics.Scanned(participant.Name, settled);
        var left = plan.Count(branch => branch.Kind is PreparedKind.Quarantined);
        if (left > 0)
            Log.Quarantined(logger, participant.Name, left);
        if (settled > 0)
            Log.Recovered(logger, participant.Name, settled, plan.Count);
    }
}
