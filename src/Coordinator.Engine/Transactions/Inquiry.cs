namespace Coordinator.Engine;

/// <summary>
/// Answers who asks for a transaction that is not live: from memory, from the log, or honestly not at all. The absence
/// of a record proves nothing by itself: a one-phase or read-only transaction leaves none (R13).
/// </summary>
internal sealed class Inquiry(
    ITransactionLog log, LogKeeper keeper, TransactionTable table, InitiatorTable initiators, ParticipantRegistry registry, Delivery delivery,
    HeuristicLedger heuristics, LogLineage lineage, EngineOptions options)
{
    /// <summary>How a transaction stands.</summary>
    /// <exception cref="RefusedException">The id cannot have been handed out by this cluster.</exception>
    public Task<TransactionView> GetAsync(TransactionId id)
    {
        CheckOurs(id);
        return LookUpAsync(id);
    }

    /// <summary>The same for an id that is known to be this cluster's.</summary>
    public async Task<TransactionView> LookUpAsync(TransactionId id)
    {
        // In the order in which a transaction goes through them, so that none is missed between two looks.
        if (initiators.FindHolder(id) is { } holder)
            return OfReserved(id, holder.Name);
        if (table.TryGetLive(id, out var live))
            return live.ToView();
        if (table.TryGetFinished(id, out var finished))
            return finished;
        var view = await keeper.ReadAsync(l => l.FindDecisionAsync(id)) is { } decision ? OfDecision(decision) : Unknown(id);
        return heuristics.Of(id) is { Count: > 0 } found ? WithHeuristics(view, found) : view;
    }

    /// <summary>
    /// Commit of a transaction that is over, or that an earlier epoch began. Such an id can never commit any more (R3),
    /// so what is left of its branches is rolled back, and what their databases prove is what the client gets.
    /// </summary>
    public async Task<TransactionView> OfLateCommitAsync(TransactionId id, IReadOnlyCollection<BranchName> named)
    {
        var view = await GetAsync(id);
        if (view.Outcome != Outcome.Unknown || id.Epoch == lineage.Epoch || lineage.MayLack(id, log.Horizon))
            return view;
        var reports = await Task.WhenAll(named.Take(options.MaxBranchesPerTransaction).Select(branch => SettleAsync(new BranchId(id, branch))));
        if (reports.Any(report => report is null or { Outcome: BranchOutcome.Active or BranchOutcome.Prepared }))
        {
            return view with
            {
                Outcome = Outcome.InDoubt,
                State = TransactionState.InDoubt,
                ReasonCode = Reasons.ParticipantUnavailable,
                Reason = "A branch that could prove the outcome is away, or still at work; ask again.",
            };
        }

        // A single branch may have committed in one phase: then its database alone knows.
        if (named.Count == 1 && reports[0]!.Outcome == BranchOutcome.Committed)
            return view with { Outcome = Outcome.Committed, State = TransactionState.Committed, Reason = reports[0]!.Detail };
        return reports.Any(report => report!.Outcome == BranchOutcome.RolledBack)
            ? view with
            {
                Outcome = Outcome.Aborted,
                State = TransactionState.Aborted,
                ReasonCode = Reasons.CoordinatorRestarted,
                Reason = "The coordinator was restarted before it decided; the branches are rolled back.",
            }
            : view;
    }

    /// <summary>
    /// Of a transaction whose branches have voted and that is not live: without a decision it is aborted, unless records
    /// may be missing (R1, R5, R7). Whether they are is known only once the databases that remember them are attached.
    /// </summary>
    public async Task<TransactionView> OfVotedAsync(TransactionId id, IReadOnlyList<DecidedBranch> voted)
    {
        var view = await LookUpAsync(id);
        if (view.Outcome != Outcome.Unknown)
            return view;
        // It was still reserved when it was given up, so there never was a record.
        if (view.ReasonCode != Reasons.NoRecord)
            return view with { State = TransactionState.Aborted, Outcome = Outcome.Aborted };
        if (id.Epoch != lineage.Epoch && voted.FirstOrDefault(branch => registry.Find(branch.Branch) is null) is { } away)
        {
            return view with
            {
                Outcome = Outcome.InDoubt,
                ReasonCode = Reasons.ParticipantUnavailable,
                Reason = $"Participant {away.Branch.Participant} has not attached to this start of the coordinator, so whether records are missing is not known yet; ask again.",
            };
        }

        return lineage.MayLack(id, log.Horizon)
            ? view
            : view with
            {
                State = TransactionState.Aborted,
                Outcome = Outcome.Aborted,
                ReasonCode = id.Epoch == lineage.Epoch ? Reasons.ParticipantUnavailable : Reasons.CoordinatorRestarted,
                Reason = "Its initiator was fenced before its commit was decided; what it prepared is rolled back.",
            };
    }

    /// <summary>As much as is known before its initiator hands the votes over.</summary>
    public static TransactionView OfReserved(TransactionId id, string initiator) => new(
        id, initiator, TransactionState.Active, Outcome.None, null, null, [], DateTimeOffset.UnixEpoch, Deadline: null);

    /// <summary>Why a branch cannot enlist in a transaction that is not live.</summary>
    public EnlistmentRefusedException WhyNotLive(TransactionId id)
    {
        if (id.Cluster != lineage.Cluster)
            return new EnlistmentRefusedException(Reasons.TransactionNotFound, $"Transaction {id} belongs to cluster {id.Cluster}; this is {lineage.Cluster}.");
        if (id.Epoch != lineage.Epoch)
            return new EnlistmentRefusedException(Reasons.EpochFenced, $"Transaction {id} was begun under another start of the coordinator; begin a new one.");
        if (initiators.FindHolder(id) is { } holder)
            return new EnlistmentRefusedException(Reasons.WrongState, $"Transaction {id} is initiator {holder.Name}'s, in whose process all its branches must be.");
        return table.TryGetFinished(id, out var finished)
            ? new EnlistmentRefusedException(Reasons.WrongState, $"Transaction {id} is {finished.State}; no branch can enlist any more.")
            : new EnlistmentRefusedException(Reasons.TransactionNotFound, $"Transaction {id} is not open.");
    }

    /// <exception cref="RefusedException">The id cannot have been handed out by this cluster.</exception>
    public void CheckOurs(TransactionId id)
    {
        CheckCluster(id);
        // After a restore, starts that the log lost may have had higher numbers.
        if (id.Epoch.Number > lineage.Epoch.Number && lineage.RestoredBefore is null)
        {
            throw new RefusedException(
                RefusalKind.NotFound, Reasons.TransactionNotFound,
                $"Transaction {id} is of epoch {id.Epoch}, which is later than the running one, {lineage.Epoch}.");
        }
    }

    /// <summary>For operators: a quarantined branch may be of a start that this log has lost.</summary>
    /// <exception cref="RefusedException">Another cluster's.</exception>
    public void CheckCluster(TransactionId id)
    {
        if (id.Cluster != lineage.Cluster)
        {
            throw new RefusedException(
                RefusalKind.NotFound, Reasons.TransactionNotFound,
                $"Transaction {id} belongs to cluster {id.Cluster}; this is {lineage.Cluster}.");
        }
    }

    // The database is asked BEFORE anything is rolled back: a rollback of a branch that is over proves nothing of how it
    // ended, and a branch that committed in one phase, or only read, must not be told aborted (R13).
    private async Task<BranchReport?> SettleAsync(BranchId branch)
    {
        if (registry.Find(branch.Branch) is not { } participant)
            return null;
        try
        {
            var found = await delivery.SendOnceAsync(
                cancellation => participant.FindOutcomeAsync(branch, null, cancellation), options.CommandTimeout);
            if (found.Outcome is not (BranchOutcome.Prepared or BranchOutcome.Active))
                return found;
            return await delivery.SendOnceAsync(
                cancellation => participant.RollbackAsync(branch, null, cancellation), options.CommandTimeout);
        }
        catch (ParticipantUnavailableException)
        {
            // No answer proves nothing: the client is told to ask again.
            return null;
        }
    }

    private static TransactionView OfDecision(DecisionRecord decision)
    {
        var committed = decision.Decision == Decision.Commit;
        var state = committed ? BranchState.Committed : BranchState.RolledBack;
        return new TransactionView(
            decision.Transaction,
            decision.Name,
            committed ? TransactionState.Committed : TransactionState.Aborted,
            committed ? Outcome.Committed : Outcome.Aborted,
            committed ? null : Reasons.Operator,
            decision.Reason,
            [.. decision.Branches.Select(branch => new BranchView(branch.Branch, state, null, 0))],
            decision.At,
            Deadline: null);
    }

    private static TransactionView WithHeuristics(TransactionView view, IReadOnlyList<HeuristicRecord> found) => view with
    {
        // A one-phase commit that nothing proves stays unknown (R13).
        Outcome = found.Any(record => record.Found != BranchOutcome.Unknown) ? Outcome.HeuristicMixed
            : view.Outcome == Outcome.Unknown ? Outcome.Unknown : Outcome.HeuristicHazard,
        Branches =
        [
            .. view.Branches.Where(branch => found.All(record => record.Branch.Branch != branch.Name)),
            .. found.Select(record => new BranchView(record.Branch.Branch, BranchState.Heuristic, record.Detail, 0)),
        ],
    };

    private static TransactionView Unknown(TransactionId id) => new(
        id, "", TransactionState.InDoubt, Outcome.Unknown, Reasons.NoRecord,
        "No record of it remains, which proves neither commit nor abort.", [], DateTimeOffset.UnixEpoch, Deadline: null);
}
