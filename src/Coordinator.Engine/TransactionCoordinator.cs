using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// The coordinator, whole: begins, enlists, commits and rolls back global transactions over attached participants, and
/// recovers at start. Runs in a service or in an application's own process. Everything else in this folder hangs here.
/// </summary>
public sealed class TransactionCoordinator : IAsyncDisposable
{
    private const int ResumedAtOnce = 500;
    private const string Recover = "recover";
    private readonly ITransactionLog _log;
    private readonly EngineOptions _options;
    private readonly TimeProvider _time;
    private readonly IIdSource _ids;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ParticipantRegistry _registry;
    private readonly TransactionTable _table;
    private readonly InitiatorTable _initiators;
    private readonly LogKeeper _keeper;
    private readonly Delivery _delivery;
    private readonly HeuristicLedger _heuristics;
    private readonly TwoPhaseCommit _twoPhase;
    private readonly Admission _admission;
    private Task _periodic = Task.CompletedTask;
    private Started? _started;

    /// <param name="log">Opened at the start, and disposed with the coordinator.</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="time">All waiting.</param>
    /// <param name="ids">Where ids come from.</param>
    /// <param name="logger">Where log entries go.</param>
    /// <param name="meters">The host's; null: the coordinator owns its meter.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message says how.</exception>
    public TransactionCoordinator(
        ITransactionLog log, EngineOptions options, TimeProvider time, IIdSource ids, ILogger<TransactionCoordinator> logger, IMeterFactory? meters = null)
    {
        var wrong = string.Join(" ", options.Validate());
        if (wrong.Length > 0)
            throw new ArgumentException(wrong, nameof(options));
        _log = log;
        _options = options;
        _time = time;
        _ids = ids;
        _logger = logger;
        _registry = new ParticipantRegistry(options);
        _table = new TransactionTable(options);
        _initiators = new InitiatorTable(options);
        Metrics = new EngineMetrics(meters);
        _keeper = new LogKeeper(log, options, time, logger);
        _admission = new Admission(_table, _keeper, options);
        _delivery = new Delivery(_registry, options, time, ids, logger, _stopping.Token);
        _heuristics = new HeuristicLedger(_keeper, Metrics, time, logger);
        EngineGauges.Add(Metrics, _table, _registry, _heuristics, time);
        _twoPhase = new TwoPhaseCommit(
            _keeper,
            _registry,
            new PreparePhase(_registry, _delivery, options, time, logger),
            new OnePhaseCommit(_delivery, _heuristics, options, logger),
            _delivery,
            _heuristics,
            _table,
            options,
            Metrics,
            time,
            logger);
    }

    /// <summary>The counters.</summary>
    public EngineMetrics Metrics { get; }

    /// <summary>The operators' view and hand.</summary>
    public OperatorDesk Operators => Running.Operators;

    /// <summary>Whose coordinator this is.</summary>
    public ClusterId Cluster => Running.Lineage.Cluster;

    /// <summary>This start of it.</summary>
    public Epoch Epoch => Running.Lineage.Epoch;

    /// <summary>Why nothing can be decided now; null if the log answers.</summary>
    public string? LogFailure => _keeper.Failure;

    /// <summary>True once a shutdown has begun.</summary>
    public bool IsDraining => _admission.IsDraining;

    private Started Running => _started
        ?? throw new RefusedException(RefusalKind.Unavailable, Reasons.Draining, "The coordinator has not started yet; try again.");

    /// <summary>
    /// Opens the log (a new epoch) and takes up what was decided and not delivered; participants that are away hold
    /// nothing up (R11).
    /// </summary>
    /// <exception cref="LogRefusedException">The log is in use, damaged, or of a newer version.</exception>
    public async Task StartAsync()
    {
        var opened = await _log.OpenAsync(_ids);
        foreach (var participant in opened.Participants)
            _registry.Register(participant);
        _heuristics.Load(opened.Heuristics);
        var lineage = new LogLineage(opened);
        var recoverer = new Recoverer(_log, _keeper, _registry, _table, _initiators, _delivery, _heuristics, lineage, _options, Metrics, _time, _logger);
        var attachments = new Attachments(_keeper, _log, _registry, lineage, recoverer, _options, _time, _logger);
        var inquiry = new Inquiry(_log, _keeper, _table, _initiators, _registry, _delivery, _heuristics, lineage, _options);
        var reconciliation = new Reconciliation(_registry, _table, _initiators, recoverer, attachments, _heuristics, _time);
        var beginning = new Beginning(_keeper, _table, _admission, inquiry, lineage, Metrics, _options, _time, _ids, _logger, OnDeadline);
        var initiating = new Initiating(
            _initiators, _table, _registry, beginning, _admission, inquiry, attachments, _options, Metrics, _time, _logger,
            (transaction, delivery) => _ = DriveAsync("commit", transaction, () => _twoPhase.RunVotedAsync(transaction, delivery)));
        var desk = new OperatorDesk(
            _log, _keeper, _table, _registry, _delivery, _heuristics, attachments, reconciliation, inquiry, _initiators, initiating, TryAbort, _options, _time, _logger);
        _started = new Started(lineage, beginning, initiating, attachments, inquiry, desk);
        Log.Started(_logger, lineage.Cluster, lineage.Epoch, opened.Unfinished.Count, opened.Participants.Count, opened.End);
        // All live BEFORE anything else goes on; delivered while new work is taken.
        _ = DeliverAsync([.. opened.Unfinished.Select(Resume)]);
        _periodic = new PeriodicWork(_keeper, attachments, _options, _time, _logger).RunAsync(_stopping.Token);
    }

    /// <summary>Begins a transaction; with an idempotency key that is in use, returns that key's transaction.</summary>
    /// <param name="timeout">From now until Commit; null for the default.</param>
    /// <param name="name">For people, at most 100 characters.</param>
    /// <param name="idempotencyKey">At most 100 characters; null for none.</param>
    /// <param name="attempt">At most 40 characters; tells a retry of one caller's Begin from another caller with its key.</param>
    /// <exception cref="RefusedException">Bad arguments, draining, or a limit is reached.</exception>
    public Task<BegunTransaction> BeginAsync(TimeSpan? timeout, string name, string? idempotencyKey, string attempt = "") =>
        Running.Beginning.RunAsync(timeout, name, idempotencyKey, attempt);

    /// <summary>Connects an application that prepares its branches itself, until it is disposed.</summary>
    /// <param name="name">For people, at most 100 characters.</param>
    /// <exception cref="RefusedException">Draining, or a limit is reached.</exception>
    public Initiator OpenInitiator(string name) => Running.Initiating.Open(name);

    /// <summary>Enlists a branch of an attached participant; the same branch twice is the same branch.</summary>
    /// <returns>How long until the deadline.</returns>
    /// <exception cref="EnlistmentRefusedException">The transaction is unknown, fenced, over or committing, or a limit is reached.</exception>
    public TimeSpan Enlist(BranchId branch)
    {
        var id = branch.Transaction;
        if (!_table.TryGetLive(id, out var transaction))
            throw Running.Inquiry.WhyNotLive(id);
        if (!_registry.TryGet(branch.Branch.Participant, out var entry))
            throw new EnlistmentRefusedException(Reasons.ParticipantNotFound, $"No participant {branch.Branch.Participant} is registered.");
        switch (transaction.TryEnlist(branch, entry, _options.MaxBranchesPerTransaction))
        {
            case EnlistResult.WrongState:
                throw new EnlistmentRefusedException(
                    Reasons.WrongState, $"Transaction {id} is {transaction.State}; no branch can enlist any more.");
            case EnlistResult.TooManyBranches:
                throw new EnlistmentRefusedException(
                    Reasons.Overloaded, $"Transaction {id} has {_options.MaxBranchesPerTransaction} branches, the limit.");
            case EnlistResult.NoSlot:
                throw new EnlistmentRefusedException(
                    Reasons.Overloaded,
                    $"Participant {branch.Branch.Participant} has {entry.OpenBranches} open branches, as many as its database holds.");
        }

        Log.Enlisted(_logger, id, branch.Branch);
        return transaction.RemainingAt(_time);
    }

    /// <summary>
    /// Commits, or aborts. Idempotent. Cancelling stops the waiting, not the commit (R12).
    /// </summary>
    /// <param name="id">Which transaction.</param>
    /// <param name="named">The branches that the client saw; one that nobody enlisted aborts (R14).</param>
    /// <param name="untilDelivered">True: wait for the branches, at most <see cref="EngineOptions.DeliveryWait"/>.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    public async Task<TransactionView> CommitAsync(
        TransactionId id, IReadOnlyCollection<BranchName> named, bool untilDelivered, CancellationToken cancellationToken)
    {
        if (!_table.TryGetLive(id, out var transaction))
        {
            if (_initiators.FindHolder(id) is { } holder)
                throw new RefusedException(RefusalKind.FailedPrecondition, Reasons.WrongState, $"Transaction {id} is initiator {holder.Name}'s, which alone has its branches' votes and can commit it.");
            return await Running.Inquiry.OfLateCommitAsync(id, named);
        }

        if (transaction.State == TransactionState.Active)
            _admission.CheckLog();
        if (transaction.TryStartCommit())
            _ = DriveAsync("commit", transaction, () => _twoPhase.RunAsync(transaction, named));
        await WaitAsync(transaction, untilDelivered, cancellationToken);
        return transaction.ToView();
    }

    /// <summary>Rolls back. Idempotent.</summary>
    /// <exception cref="RefusedException">Commit is being decided or has been.</exception>
    public async Task<TransactionView> RollbackAsync(TransactionId id, string reason, CancellationToken cancellationToken)
    {
        Limits.CheckText(reason, 200, "reason");
        if (!_table.TryGetLive(id, out var transaction))
        {
            Running.Initiating.TryAbandon(id, Reasons.RolledBack, reason.Length > 0 ? reason : "Rolled back on request.");
            return RequireAborted(await Running.Inquiry.GetAsync(id));
        }

        if (!TryAbort(transaction, Reasons.RolledBack, reason.Length > 0 ? reason : "Rolled back on request.")
            && transaction.ToView() is var view && view.Outcome != Outcome.Aborted)
        {
            return RequireAborted(view);
        }

        await WaitAsync(transaction, untilDelivered: true, cancellationToken);
        return transaction.ToView();
    }

    /// <summary>Tells how a transaction stands.</summary>
    public Task<TransactionView> GetAsync(TransactionId id) => Running.Inquiry.GetAsync(id);

    /// <summary>Yields the transaction now and after each change, until it is over.</summary>
    public async IAsyncEnumerable<TransactionView> WatchAsync(
        TransactionId id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!_table.TryGetLive(id, out var transaction))
        {
            yield return await Running.Inquiry.GetAsync(id);
            yield break;
        }

        while (true)
        {
            // The wait is taken BEFORE the view, so that no change falls between the two.
            var changed = transaction.WhenChanged();
            yield return transaction.ToView();
            if (transaction.WhenEnded.IsCompleted)
                yield break;
            await changed.OnCallersScheduler().WaitAsync(cancellationToken);
        }
    }

    /// <summary>Attaches an instance of a participant, and has its database scanned.</summary>
    /// <exception cref="RefusedException">The name stands for another database, a limit is reached, or draining.</exception>
    public Task AttachAsync(IParticipant participant)
    {
        if (IsDraining)
            throw Admission.Draining();
        return Running.Attachments.AttachAsync(participant);
    }

    /// <summary>False once another stream of the same instance has taken its place, whichever of the two came first.</summary>
    public bool IsAttached(IParticipant participant) => Running.Attachments.IsAttached(participant);

    /// <summary>The instance is gone, or its stream is.</summary>
    public void Detach(IParticipant participant) => Running.Attachments.Detach(participant);

    /// <summary>Scans a participant's database: its server was restarted (R6).</summary>
    public Task ScanAsync(IParticipant participant) => Running.Attachments.ScanAsync(participant);

    /// <summary>Refuses Begin, and waits for what has begun to commit or abort, at most <see cref="EngineOptions.DrainLimit"/>. The rest stays in the log.</summary>
    public async Task DrainAsync()
    {
        _admission.StartDraining();
        var busy = _table.Live.Where(transaction => transaction.State != TransactionState.Active).ToList();
        Log.Draining(_logger, busy.Count);
        var ended = Task.WhenAll(busy.Select(transaction => transaction.WhenEnded.OnCallersScheduler()));
        await Task.WhenAny(ended, Task.Delay(_options.DrainLimit, _time));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _admission.StartDraining();
        await _stopping.CancelAsync();
        await _periodic;
        _started?.Attachments.Dispose();
        await _log.DisposeAsync();
        Metrics.Dispose();
        _stopping.Dispose();
    }

    private void OnDeadline(GlobalTransaction transaction) =>
        TryAbort(transaction, Reasons.DeadlinePassed, "The deadline passed before commit was decided.");

    /// <summary>Aborts a transaction that nobody has decided, and starts to roll it back.</summary>
    private bool TryAbort(GlobalTransaction transaction, string reasonCode, string reason)
    {
        if (!transaction.TryAbort(reasonCode, reason))
            return false;
        _ = DriveAsync("rollback", transaction, () => _twoPhase.RollbackAllAsync(transaction));
        return true;
    }

    private GlobalTransaction Resume(DecisionRecord decision)
    {
        var state = decision.Decision == Decision.Commit ? TransactionState.Committing : TransactionState.Aborting;
        var transaction = new GlobalTransaction(decision.Transaction, decision.Name, decision.IdempotencyKey, decision.At, state) { DecidedIn = decision.DecidedIn };
        foreach (var branch in decision.Branches)
        {
            _registry.TryGet(branch.Branch.Participant, out var entry);
            transaction.AddDecided(branch, BranchState.Prepared, entry);
        }

        transaction.NoteDecided(decision.At);
        _table.Add(transaction);
        return transaction;
    }

    private async Task DeliverAsync(IEnumerable<GlobalTransaction> resumed)
    {
        foreach (var portion in resumed.Chunk(ResumedAtOnce))
        {
            await Task.Yield();
            foreach (var transaction in portion)
            {
                _ = DriveAsync(Recover, transaction, transaction.State == TransactionState.Committing
                    ? () => _twoPhase.DeliverCommitAsync(transaction, transaction.Branches)
                    : () => _twoPhase.DeliverAbortAsync(transaction));
            }
        }
    }

    private async Task DriveAsync(string name, GlobalTransaction transaction, Func<Task> drive)
    {
        using var span = name == Recover ? EngineTracing.StartRecovery(transaction) : EngineTracing.StartTransaction(name, transaction);
        try
        {
            await drive();
            span.End(transaction);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The process ends; whatever is decided is in the log.
        }
        catch (Exception exception)
        {
            span.Fail(exception);
            Log.Broken(_logger, exception, transaction.Id);
            transaction.Fail(exception);
        }
    }

    private async Task WaitAsync(GlobalTransaction transaction, bool untilDelivered, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        await transaction.WhenDecided.OnCallersScheduler().WaitAsync(waiting.Token);
        if (!untilDelivered || transaction.WhenEnded.IsCompleted)
            return;
        try
        {
            await transaction.WhenEnded.OnCallersScheduler().WaitAsync(_options.DeliveryWait, _time, waiting.Token);
        }
        catch (TimeoutException)
        {
            // The outcome is fixed; the view says that delivery is pending.
        }
    }

    private static TransactionView RequireAborted(TransactionView view) => view.Outcome is Outcome.Aborted or Outcome.Unknown
        ? view
        : throw new RefusedException(
            RefusalKind.FailedPrecondition, Reasons.WrongState,
            $"Transaction {view.Id} is {view.State}; it cannot be rolled back any more.");

    private sealed record Started(
        LogLineage Lineage, Beginning Beginning, Initiating Initiating, Attachments Attachments, Inquiry Inquiry, OperatorDesk Operators);
}
