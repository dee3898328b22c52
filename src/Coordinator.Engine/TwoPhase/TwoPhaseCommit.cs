using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// Two-phase commit with presumed abort, as one method to read down:
/// <list type="number">
/// <item>Close enlistment. A branch that the client names and nobody enlisted aborts (R14).</item>
/// <item>One branch only: commit it without prepare (R13).</item>
/// <item>Prepare all branches in parallel. The first no, or the deadline, aborts.</item>
/// <item>Decide: one compare-and-set against the deadline. From here on nothing but the log decides.</item>
/// <item>Make the decision durable BEFORE anybody is told (R1). An unknown result is settled by R4.</item>
/// <item>Deliver to all branches in parallel, each until it is proven finished.</item>
/// <item>Append the end; the decision need not be delivered again.</item>
/// </list>
/// A crash before 5 leaves prepared branches without a decision: recovery rolls them back. A crash after 5 leaves a
/// decision without an end: recovery delivers it.
/// </summary>
internal sealed class TwoPhaseCommit(
    LogKeeper log,
    ParticipantRegistry registry,
    PreparePhase prepare,
    OnePhaseCommit onePhase,
    Delivery delivery,
    HeuristicLedger heuristics,
    TransactionTable table,
    EngineOptions options,
    EngineMetrics metrics,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>Drives a transaction from active to its end. Called once a transaction.</summary>
    public async Task RunAsync(GlobalTransaction transaction, IReadOnlyCollection<BranchName> named)
    {
        transaction.NoteCommitting(time.GetUtcNow());
        // 1. Close enlistment.
        var branches = transaction.Branches;
        if (FindMissing(branches, named) is { } missing)
        {
            await AbortAsync(transaction, Reasons.BranchNotEnlisted, $"The commit names branch {missing}, which never enlisted: its work is lost.");
            return;
        }

        // 2. One branch: its database decides. An idempotency key needs a record that carries it, so it takes the long way.
        if (branches is [var only] && transaction.IdempotencyKey is null)
        {
            if (registry.FindHolder(only.Id.Branch) is not { } holder)
                await AbortAsync(transaction, Reasons.ParticipantUnavailable, $"Branch {only.Id.Branch}: its participant is not attached.");
            else if (transaction.TryCloseForOnePhase())
                await CommitOnePhaseAsync(transaction, only, holder);
            if (transaction.State != TransactionState.Active)
                return;
        }

        // The branches are read again: one may have enlisted just before enlistment closed.
        if (!transaction.TryMove(TransactionState.Active, TransactionState.Preparing))
            return;
        branches = transaction.Branches;

        // 3. Prepare.
        if (await prepare.RunAsync(transaction, branches) is { } refusal)
        {
            await AbortAsync(transaction, refusal.ReasonCode, refusal.Reason);
            return;
        }

        var prepared = branches.Where(branch => branch.State == BranchState.Prepared).ToList();
        if (prepared.Count == 0)
        {
            if (transaction.TryMove(TransactionState.Preparing, TransactionState.Committed))
                Finish(transaction);
            return;
        }

        await ReachAsync(CommitPoint.Prepared, transaction);

        // 4. Decide: whoever moves first, this or the deadline, wins.
        if (!transaction.TryMove(TransactionState.Preparing, TransactionState.Deciding))
            return;

        // 5., then 6. and 7.
        if (await TryDecideAsync(transaction, prepared))
            await DeliverCommitAsync(transaction, prepared);
    }

    /// <summary>
    /// Steps 5 to 7, for a transaction whose initiator did the others: it tells the branches itself, once the decision is
    /// durable, and what it does not confirm in time is told as ever.
    /// </summary>
    public async Task RunVotedAsync(GlobalTransaction transaction, InitiatedDelivery delivery)
    {
        var branches = transaction.Branches;
        await ReachAsync(CommitPoint.Prepared, transaction);
        if (!await TryDecideAsync(transaction, branches))
            return;
        var untold = await WhenToldAsync(delivery);
        foreach (var branch in branches.Where(branch => !untold.Contains(branch.Id.Branch)))
            transaction.Update(branch, BranchState.Committed);
        await DeliverCommitAsync(transaction, [.. branches.Where(branch => untold.Contains(branch.Id.Branch))]);
    }

    // Step 5. Ends with the transaction committing; false if it is aborted, and over, instead.
    private async Task<bool> TryDecideAsync(GlobalTransaction transaction, IReadOnlyList<Branch> prepared)
    {
        // Durable BEFORE sent.
        var standing = await log.DecideAsync(
            NewCommit(transaction, prepared),
            unknown => transaction.MoveTo(TransactionState.InDoubt, Reasons.LogUnavailable, unknown.Message));
        transaction.NoteDecided(standing.At);
        if (standing.Decision == Decision.Abort)
        {
            transaction.MoveTo(TransactionState.Aborting, Reasons.LogUnavailable, standing.Reason);
            await DeliverAbortAsync(transaction);
            return false;
        }

        await ReachAsync(CommitPoint.Decided, transaction);
        transaction.MoveTo(TransactionState.Committing);
        return true;
    }

    private async Task<IReadOnlyCollection<BranchName>> WhenToldAsync(InitiatedDelivery delivery)
    {
        try
        {
            return await delivery.Told.Task.OnCallersScheduler().WaitAsync(options.CommandTimeout, time);
        }
        catch (TimeoutException)
        {
            return delivery.Branches;
        }
    }

    /// <summary>Steps 6 and 7, for a transaction whose commit is durable: also where recovery goes on after a crash.</summary>
    public async Task DeliverCommitAsync(GlobalTransaction transaction, IReadOnlyList<Branch> branches)
    {
        CountUndelivered(branches, +1);
        await Task.WhenAll(branches.Select(branch => DeliverCommitAsync(transaction, branch)));
        await log.AppendAsync(new EndRecord(transaction.Id, time.GetUtcNow()), Durability.Lazy);
        transaction.MoveTo(TransactionState.Committed);
        Finish(transaction);
    }

    /// <summary>Aborts a transaction that nobody has decided; false if a decision is being written or stands.</summary>
    public async Task<bool> AbortAsync(GlobalTransaction transaction, string reasonCode, string reason)
    {
        if (!transaction.TryAbort(reasonCode, reason))
            return false;
        await RollbackAllAsync(transaction);
        return true;
    }

    private Task ReachAsync(CommitPoint point, GlobalTransaction transaction) =>
        options.AtPoint?.Invoke(point, transaction) ?? Task.CompletedTask;

    private static BranchName? FindMissing(IReadOnlyList<Branch> branches, IReadOnlyCollection<BranchName> named)
    {
        foreach (var name in named)
        {
            if (!branches.Any(branch => branch.Id.Branch == name))
                return name;
        }

        return null;
    }

    private async Task CommitOnePhaseAsync(GlobalTransaction transaction, Branch only, IParticipant holder)
    {
        await onePhase.RunAsync(transaction, only, holder);
        Finish(transaction);
    }

    private DecisionRecord NewCommit(GlobalTransaction transaction, IReadOnlyList<Branch> prepared) => new(
        transaction.Id,
        Decision.Commit,
        transaction.Name,
        transaction.IdempotencyKey,
        [.. prepared.Select(branch => new DecidedBranch(branch.Id.Branch, branch.Evidence))],
        Reason: null,
        time.GetUtcNow())
    {
        DecidedIn = EngineTracing.ToKeep(),
    };

    private async Task DeliverCommitAsync(GlobalTransaction transaction, Branch branch)
    {
        var report = await delivery.CommitAsync(transaction, branch)
            ?? new BranchReport(BranchOutcome.Unknown, "the participant was removed before it was told");
        if (report.Outcome == BranchOutcome.Committed)
            transaction.Update(branch, BranchState.Committed, report.Detail);
        else
            await heuristics.RecordAsync(transaction, branch, Decision.Commit, report.Outcome, report.Detail ?? "");
        CountUndelivered([branch], -1);
    }

    /// <summary>Rolls back every branch of a transaction that is aborting without a record, and ends it.</summary>
    public async Task RollbackAllAsync(GlobalTransaction transaction)
    {
        Log.Aborting(logger, transaction.Id, transaction.ReasonCode ?? "", transaction.Reason ?? "");
        await Task.WhenAll(ToRollBack(transaction).Select(branch => RollbackAsync(transaction, branch, delivery.RollbackIfAttachedAsync)));
        transaction.MoveTo(TransactionState.Aborted);
        Finish(transaction);
    }

    /// <summary>The same for an abort that is on record: it is delivered to every branch, however long that takes, and then ended.</summary>
    public async Task DeliverAbortAsync(GlobalTransaction transaction)
    {
        Log.Aborting(logger, transaction.Id, transaction.ReasonCode ?? "", transaction.Reason ?? "");
        await Task.WhenAll(ToRollBack(transaction).Select(branch => RollbackAsync(transaction, branch, delivery.RollbackAsync)));
        await log.AppendAsync(new EndRecord(transaction.Id, time.GetUtcNow()), Durability.Lazy);
        transaction.MoveTo(TransactionState.Aborted);
        Finish(transaction);
    }

    private static IEnumerable<Branch> ToRollBack(GlobalTransaction transaction) =>
        transaction.Branches.Where(branch => branch.State is not (BranchState.ReadOnly or BranchState.RolledBack));

    private async Task RollbackAsync(
        GlobalTransaction transaction, Branch branch, Func<GlobalTransaction, Branch, Task<BranchReport?>> send)
    {
        var votedPrepared = branch.VotedPrepared;
        var report = await send(transaction, branch);
        if (report is null || report.Outcome == BranchOutcome.RolledBack || (report.Outcome == BranchOutcome.Unknown && !votedPrepared))
            transaction.Update(branch, BranchState.RolledBack, report?.Detail ?? "left to the next scan: its participant is away");
        else
            await heuristics.RecordAsync(transaction, branch, Decision.Abort, report.Outcome, report.Detail ?? "");
    }

    private void Finish(GlobalTransaction transaction)
    {
        foreach (var branch in transaction.Branches)
            branch.Slot?.ReturnSlot();

        table.Finish(transaction);
        metrics.Finished(transaction, time.GetUtcNow());
        Log.Finished(logger, transaction.Id, transaction.State);
    }

    private static void CountUndelivered(IReadOnlyList<Branch> branches, int by)
    {
        foreach (var branch in branches)
            branch.Slot?.AddUndelivered(by);
    }
}
