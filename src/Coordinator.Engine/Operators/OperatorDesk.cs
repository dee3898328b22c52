using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>What operators see and settle by hand. Every change is recorded in the log with its reason.</summary>
public sealed class OperatorDesk
{
    private readonly ITransactionLog _log;
    private readonly LogKeeper _keeper;
    private readonly TransactionTable _table;
    private readonly ParticipantRegistry _registry;
    private readonly Delivery _delivery;
    private readonly HeuristicLedger _heuristics;
    private readonly Attachments _attachments;
    private readonly Reconciliation _reconciliation;
    private readonly Inquiry _inquiry;
    private readonly InitiatorTable _initiators;
    private readonly Initiating _initiating;
    private readonly Func<GlobalTransaction, string, string, bool> _tryAbort;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal OperatorDesk(
        ITransactionLog log,
        LogKeeper keeper,
        TransactionTable table,
        ParticipantRegistry registry,
        Delivery delivery,
        HeuristicLedger heuristics,
        Attachments attachments,
        Reconciliation reconciliation,
        Inquiry inquiry,
        InitiatorTable initiators,
        Initiating initiating,
        Func<GlobalTransaction, string, string, bool> tryAbort,
        EngineOptions options,
        TimeProvider time,
        ILogger logger)
    {
        _log = log;
        _keeper = keeper;
        _table = table;
        _registry = registry;
        _delivery = delivery;
        _heuristics = heuristics;
        _attachments = attachments;
        _reconciliation = reconciliation;
        _inquiry = inquiry;
        _initiators = initiators;
        _initiating = initiating;
        _tryAbort = tryAbort;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>What the log has written since the start.</summary>
    public LogStatistics LogStatistics => _log.Statistics;

    /// <summary>The position of the last durable record.</summary>
    public long LogPosition => _log.DurableEnd;

    /// <summary>The open transactions, counted by state.</summary>
    public IReadOnlyDictionary<TransactionState, int> CountOpen() =>
        _table.Live.GroupBy(transaction => transaction.State).ToDictionary(group => group.Key, group => group.Count());

    /// <summary>Open transactions, then finished ones that are still remembered, each newest first.</summary>
    public IEnumerable<TransactionView> List() => _table.Live.Select(transaction => transaction.ToView())
        .OrderByDescending(view => view.Id.Epoch.Number).ThenByDescending(view => view.Id.Sequence)
        .Concat(_table.Finished);

    /// <summary>One transaction and its heuristic outcomes.</summary>
    public async Task<(TransactionView Transaction, IReadOnlyList<HeuristicRecord> Heuristics)> ShowAsync(TransactionId id) =>
        (await _inquiry.GetAsync(id), _heuristics.Of(id));

    /// <summary>The outcome of a transaction that was settled by hand, whatever epoch it is of.</summary>
    public async Task<Outcome> OutcomeOfAsync(TransactionId id) => (await _inquiry.LookUpAsync(id)).Outcome;

    /// <summary>Every registered participant.</summary>
    public IReadOnlyList<ParticipantView> Participants() => [.. _registry.Entries
        .OrderBy(entry => entry.Record.Name, StringComparer.Ordinal)
        .Select(entry => new ParticipantView(
            entry.Record,
            [.. entry.Attached.Select(attached => new InstanceView(attached.Participant, attached.AttachedAt))],
            entry.LastScan?.At,
            entry.LastScanError,
            entry.Undelivered,
            entry.OpenBranches))];

    /// <summary>Compares databases, live transactions and log, now, and changes nothing.</summary>
    /// <param name="fromParticipant">Leaves out participants whose names come before it.</param>
    public Task<InDoubtReport> ReconcileAsync(string fromParticipant = "") => _reconciliation.RunAsync(fromParticipant);

    /// <summary>
    /// Settles a transaction by hand. Live and undecided: rollback aborts it. Over, with branches left prepared
    /// (quarantined): the decision is written first, and whichever decision was first stands (R2).
    /// </summary>
    public async Task<TransactionView> ResolveAsync(TransactionId id, Decision decision, string reason)
    {
        Limits.CheckReason(reason);
        if (_table.TryGetLive(id, out var live))
            return await ResolveLiveAsync(live, decision, reason);
        if (await TryResolveReservedAsync(id, decision, reason) is { } abandoned)
            return abandoned;
        _inquiry.CheckCluster(id);
        var planned = await FindPreparedAsync(id);
        var standing = await _keeper.ReadAsync(log => log.FindDecisionAsync(id));
        if (planned.Count == 0)
            throw NotInDoubt(id, "no attached participant's database has a prepared branch of it");
        if (decision == Decision.Commit && standing is null)
            CheckMayCommit(id, planned);
        if (decision == Decision.Abort && standing is null && _table.TryGetFinished(id, out var ended) && ended.Outcome == Outcome.Committed)
        {
            throw new RefusedException(
                RefusalKind.FailedPrecondition, Reasons.WrongState,
                $"Transaction {id} committed, and its record has been trimmed: commit it again. To end one branch otherwise, name it with --branch.");
        }

        var prepared = planned.Select(branch => branch.Prepared).ToList();
        if (standing is not null && standing.Decision != decision)
        {
            throw new RefusedException(
                RefusalKind.FailedPrecondition, Reasons.WrongState,
                $"Transaction {id} is decided {standing.Decision}, which never changes. To end one branch otherwise, name it with --branch.");
        }

        standing ??= await _keeper.DecideAsync(
            new DecisionRecord(
                id, decision, "", IdempotencyKey: null,
                [.. prepared.Select(branch => new DecidedBranch(branch.Id!.Branch, branch.Evidence))], reason, _time.GetUtcNow()),
            whenUnknown: null);
        if (standing.Decision != decision)
            throw new RefusedException(RefusalKind.Unavailable, Reasons.LogUnavailable, $"The log did not answer; transaction {id} is decided {standing.Decision}.");
        await RecordAsync(id, branch: null, decision, reason);
        var reports = await Task.WhenAll(prepared.Select(branch => FinishAsync(
            branch.Id!, decision, standing.Decision, standing.EvidenceOf(branch.Id!.Branch) ?? branch.Evidence)));
        // A branch that is still prepared is finished by a later scan, or after a restart, from the decision just kept.
        if (reports.All(report => report.State != BranchState.Prepared))
            await _keeper.AppendAsync(new EndRecord(id, _time.GetUtcNow()), Durability.Forced);
        return (await _inquiry.LookUpAsync(id)) with { Branches = reports };
    }

    /// <summary>Ends one prepared branch by hand, even against the decision: then it is heuristic, and kept as such.</summary>
    public async Task<BranchView> ResolveBranchAsync(BranchId branch, Decision decision, string reason)
    {
        Limits.CheckReason(reason);
        // BEFORE those in the table, since that is the way that a transaction goes.
        if (_initiators.FindHolder(branch.Transaction) is not null)
            throw Undecided(branch.Transaction, "reserved by its initiator; roll the whole transaction back instead.");
        if (_table.TryGetLive(branch.Transaction, out var live) && live.State is not (TransactionState.Committing or TransactionState.Aborting or TransactionState.InDoubt))
        {
            throw new RefusedException(
                RefusalKind.FailedPrecondition, Reasons.WrongState,
                $"Transaction {branch.Transaction} is {live.State}; roll the whole transaction back instead.");
        }

        _inquiry.CheckCluster(branch.Transaction);
        var standing = await _keeper.ReadAsync(log => log.FindDecisionAsync(branch.Transaction));
        await RecordAsync(branch.Transaction, branch.Branch, decision, reason);
        return await FinishAsync(branch, decision, standing?.Decision ?? decision, standing?.EvidenceOf(branch.Branch));
    }

    /// <summary>Shows a transaction's heuristic outcomes no more.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> ForgetAsync(TransactionId id, string reason)
    {
        Limits.CheckReason(reason);
        var forgotten = await _heuristics.ForgetAsync(id, reason);
        return forgotten > 0 ? forgotten : throw NotInDoubt(id, "it has no heuristic outcomes");
    }

    /// <summary>Removes a participant that never comes back; its undelivered branches become hazards.</summary>
    /// <returns>How many branches were given up.</returns>
    public async Task<int> RemoveParticipantAsync(string name, string reason)
    {
        Limits.CheckReason(reason);
        return await _attachments.RemoveAsync(name, reason);
    }

    // Presumed abort may already have been acted upon, or told to a client: only what the coordinator itself refuses to
    // presume is an operator's to commit (R2, R3).
    private void CheckMayCommit(TransactionId id, IReadOnlyList<PlannedBranch> planned)
    {
        var other = planned.FirstOrDefault(branch => branch.Kind != PreparedKind.Quarantined);
        // One that committed, was trimmed, and is brought back by its database is committed again.
        if (other is null && !(_table.TryGetFinished(id, out var finished) && finished.Outcome != Outcome.Committed))
            return;
        throw new RefusedException(
            RefusalKind.FailedPrecondition, Reasons.WrongState,
            $"Transaction {id} cannot be committed any more: {other?.Why ?? "it has ended"}. To end one branch by hand, name it with --branch.");
    }

    private async Task<TransactionView?> TryResolveReservedAsync(TransactionId id, Decision decision, string reason)
    {
        if (_initiators.FindHolder(id) is null)
            return null;
        if (decision == Decision.Commit)
            throw Undecided(id, "reserved by its initiator. Only its branches' votes can commit it; it can be rolled back.");
        // On record BEFORE it is done.
        await RecordAsync(id, branch: null, decision, reason);
        // Decided meanwhile: then that is what is shown.
        _initiating.TryAbandon(id, Reasons.Operator, reason);
        return await _inquiry.LookUpAsync(id);
    }

    private static RefusedException Undecided(TransactionId id, string why) =>
        new(RefusalKind.FailedPrecondition, Reasons.WrongState, $"Transaction {id} is {why}");

    private async Task<TransactionView> ResolveLiveAsync(GlobalTransaction live, Decision decision, string reason)
    {
        if (decision == Decision.Abort && live.State is (TransactionState.Active or TransactionState.Preparing))
        {
            // On record BEFORE it is done.
            await RecordAsync(live.Id, branch: null, decision, reason);
            if (_tryAbort(live, Reasons.Operator, reason))
            {
                await Task.WhenAny(live.WhenEnded.OnCallersScheduler(), Task.Delay(_options.DeliveryWait, _time));
                return live.ToView();
            }
        }

        throw new RefusedException(
            RefusalKind.FailedPrecondition, Reasons.WrongState,
            $"Transaction {live.Id} is {live.State}. "
            + (live.State is TransactionState.Committing or TransactionState.Aborting
                ? "It is decided and being delivered; to give up one branch, name it with --branch."
                : "Only its branches' votes can commit it; an undecided one can be rolled back."));
    }

    private async Task<IReadOnlyList<PlannedBranch>> FindPreparedAsync(TransactionId id)
    {
        var scans = await _reconciliation.ScanAsync();
        return [.. scans.SelectMany(scan => scan.Branches)
            .Where(branch => branch.Prepared.Id?.Transaction == id).DistinctBy(branch => branch.Prepared.Id)];
    }

    /// <param name="standing">What decides whether its end is heuristic.</param>
    private async Task<BranchView> FinishAsync(BranchId branch, Decision decision, Decision standing, string? evidence)
    {
        if (_registry.Find(branch.Branch) is not { } participant)
        {
            throw new RefusedException(
                RefusalKind.Unavailable, Reasons.ParticipantUnavailable, $"Participant {branch.Branch.Participant} is not attached; start it first.");
        }

        var report = await _delivery.SendOnceAsync(
            cancellation => decision == Decision.Commit
                ? participant.CommitAsync(branch, evidence, cancellation)
                : participant.RollbackAsync(branch, evidence, cancellation),
            _options.CommandTimeout);
        var isAsDecided = report.Outcome == (standing == Decision.Commit ? BranchOutcome.Committed : BranchOutcome.RolledBack);
        if (!isAsDecided && report.Outcome is BranchOutcome.Committed or BranchOutcome.RolledBack or BranchOutcome.Unknown)
            await _heuristics.RecordAsync(branch, standing, report.Outcome, report.Detail ?? "ended by an operator");
        return new BranchView(branch.Branch, StateOf(report.Outcome, isAsDecided), report.Detail, 0);
    }

    private static BranchState StateOf(BranchOutcome outcome, bool isAsDecided) => outcome switch
    {
        BranchOutcome.Committed when isAsDecided => BranchState.Committed,
        BranchOutcome.RolledBack when isAsDecided => BranchState.RolledBack,
        BranchOutcome.Prepared or BranchOutcome.Active => BranchState.Prepared,
        _ => BranchState.Heuristic,
    };

    private async Task RecordAsync(TransactionId id, BranchName? branch, Decision decision, string reason)
    {
        await _keeper.AppendAsync(new ResolvedRecord(id, branch, decision, reason, _time.GetUtcNow()), Durability.Forced);
        Log.Resolved(_logger, id, branch?.ToString() ?? "", decision, reason);
    }

    private static RefusedException NotInDoubt(TransactionId id, string why) =>
        new(RefusalKind.FailedPrecondition, Reasons.NotInDoubt, $"There is nothing to do for transaction {id}: {why}.");
}
