using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Session;

/// <summary>
/// A participant's own logic: the branches of this process, over one database. It knows nothing of gRPC; the coordinator
/// stands behind <see cref="IEnlistment"/>, time behind TimeProvider, and it never leaves its caller's scheduler.
/// </summary>
public sealed class ParticipantSession : IParticipant, IAsyncDisposable
{
    private readonly SessionContext _context;
    private readonly IEnlistment _enlistment;
    private readonly Opening _opening;
    private readonly Voting _voting;
    private readonly Finishing _finishing;
    private readonly SharedCalls<BranchId, Vote> _votes = new();
    private readonly SharedCalls<(BranchId Branch, Verb Verb), BranchReport> _reports = new();
    private ClusterId? _cluster;
    private Epoch? _epoch;

    /// <param name="own">The participant's name and this process of it.</param>
    /// <param name="resources">The database; disposed by its owner, not here.</param>
    /// <param name="resource">What attaching to it found.</param>
    /// <param name="enlistment">The coordinator.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">All time.</param>
    /// <param name="logger">Never gets SQL.</param>
    public ParticipantSession(
        BranchName own,
        IResourceManager resources,
        ResourceAttachment resource,
        IEnlistment enlistment,
        ParticipantOptions options,
        TimeProvider time,
        ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(resource);
        options.Validate();
        _enlistment = enlistment;
        Resource = resource;
        MaxOpenBranches = options.MaxOpenBranches ?? Math.Max(1, resource.MaxBranches - Math.Max(1, resource.MaxBranches / 10));
        _context = new SessionContext(own, resources, new BranchTable(own, options.MaxStoredAnswers), options, time, logger);
        _finishing = new Finishing(_context);
        _voting = new Voting(_context, _finishing);
        _opening = new Opening(_context, _finishing, MaxOpenBranches, resource.MaxSessions);
    }

    private enum Verb
    {
        Commit,
        CommitOnePhase,
        Rollback,
        FindOutcome,
    }

    /// <inheritdoc/>
    public string Name => _context.Own.Participant;

    /// <inheritdoc/>
    public string Instance => _context.Own.Instance;

    /// <inheritdoc/>
    public ResourceAttachment Resource { get; private set; }

    /// <summary>How many branches this process holds at once, at most.</summary>
    public int MaxOpenBranches { get; }

    /// <summary>How many branches this process holds: at work, prepared, or unknown.</summary>
    public int OpenBranches => _context.Table.Count;

    internal IReadOnlyDictionary<HeldState, int> CountByState() => _context.Table.CountByState();

    /// <summary>The newest epoch of a coordinator that attached.</summary>
    public Epoch? Epoch
    {
        get
        {
            lock (_context.Table.Sync)
                return _epoch;
        }
    }

    /// <summary>
    /// Waits for the turn to work in the transaction's branch; the first work enlists and begins it (R14). Dispose the
    /// result before the answer goes to the transaction's client.
    /// </summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="options">How the session is opened, if this is the first work; null: as the participant's options say.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="EnlistmentRefusedException">The coordinator or this participant takes no such work; see its reason.</exception>
    /// <exception cref="ParticipantUnavailableException">The coordinator or the database does not answer.</exception>
    public Task<BranchWork> EnlistAsync(
        TransactionId transaction, BranchOptions? options, CancellationToken cancellationToken) =>
        EnlistAsync(transaction, options, _enlistment, cancellationToken);

    /// <summary>As above, for a transaction whose initiator is in this process and takes the enlistments itself.</summary>
    public Task<BranchWork> EnlistAsync(
        TransactionId transaction, BranchOptions? options, IEnlistment enlistment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(enlistment);
        lock (_context.Table.Sync)
        {
            if (_epoch is { } epoch && transaction.Cluster == _cluster && transaction.Epoch != epoch)
                throw transaction.Epoch.Number > epoch.Number ? Refusals.NotYetAttached(epoch) : Refusals.Fenced();
        }

        options ??= new BranchOptions(_context.Options.LockTimeout, _context.Options.IsolationLevel);
        return _opening.EnlistAsync(this, transaction, options, enlistment, cancellationToken);
    }

    /// <summary>
    /// A coordinator attached: its epoch is the newest from now on, and branches of others that have not voted are
    /// rolled back in the background (R8).
    /// </summary>
    /// <returns>False, with nothing changed, if the epoch is older than the one known, or another start's of the same number.</returns>
    public bool TryAdvanceEpoch(ClusterId cluster, Epoch epoch)
    {
        lock (_context.Table.Sync)
        {
            if (cluster == _cluster && !IsCurrentOrNewer(epoch))
                return false;
            _cluster = cluster;
            _epoch = epoch;
        }

        foreach (var branch in _context.Table.Held())
        {
            if (branch.Id.Transaction.Epoch != epoch || branch.Id.Transaction.Cluster != cluster)
                _finishing.EndUnprepared(branch, Reasons.EpochFenced, "A newer epoch of the coordinator attached.");
        }

        return true;
    }

    /// <summary>False for a command of an epoch that is older than the newest known (R9).</summary>
    public bool Accepts(Epoch epoch)
    {
        lock (_context.Table.Sync)
            return IsCurrentOrNewer(epoch);
    }

    /// <inheritdoc/>
    public Task<Vote> PrepareAsync(BranchId branch, CancellationToken cancellationToken) =>
        _votes.RunAsync(branch, () => _voting.PrepareAsync(branch), cancellationToken);

    /// <inheritdoc/>
    public Task<BranchReport> CommitOnePhaseAsync(BranchId branch, CancellationToken cancellationToken) =>
        ShareAsync(branch, Verb.CommitOnePhase, () => _voting.CommitOnePhaseAsync(branch), cancellationToken);

    /// <inheritdoc/>
    public Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        ShareAsync(branch, Verb.Commit, () => _finishing.CommitAsync(branch, evidence), cancellationToken);

    /// <inheritdoc/>
    public Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        ShareAsync(branch, Verb.Rollback, () => _finishing.RollbackAsync(branch, evidence), cancellationToken);

    /// <inheritdoc/>
    public Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        ShareAsync(branch, Verb.FindOutcome, () => _finishing.FindOutcomeAsync(branch, evidence), cancellationToken);

    /// <inheritdoc/>
    public async Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken)
    {
        var scan = await _context.AskAsync("List", resources => resources.ListPreparedAsync(cancellationToken));
        // Stored answers are never believed against the database: acknowledged commits and rollbacks have come back as
        // prepared after failovers and crashes.
        _context.Table.DoubtReports(scan.Branches);
        NoteServerStart(scan.ServerStart);
        return scan;
    }

    /// <inheritdoc/>
    public async Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken) =>
        await _context.AskAsync<object?>("Remember", async resources =>
        {
            await resources.RememberAsync(mark, cancellationToken);
            return null;
        });

    /// <summary>Notes the database server's start; true if it was restarted since the last look.</summary>
    public bool NoteServerStart(string serverStart)
    {
        lock (_context.Table.Sync)
        {
            if (Resource.ServerStart == serverStart)
                return false;
            Resource = Resource with { ServerStart = serverStart };
            _context.Table.DoubtAllReports();
            return true;
        }
    }

    /// <summary>Takes what a later attach to the same database found.</summary>
    public void Refresh(ResourceAttachment resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        NoteServerStart(resource.ServerStart);
        Resource = resource;
    }

    /// <summary>
    /// Looks after branches that have stood still for a while: rolls back again what was doomed and did not end, and lets
    /// go of branches that another process finished, whose sessions would be held for ever.
    /// </summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var still = _context.Table.Held().Where(StandsStill).ToList();
        if (still.Count == 0)
            return;
        // Listed BEFORE anything is concluded from not being listed: what is looked at was prepared before the scan.
        var scan = await ListPreparedAsync(cancellationToken);
        var listed = scan.Branches.Select(branch => branch.Id).OfType<BranchId>().ToHashSet();
        foreach (var branch in still)
        {
            if (branch.State is HeldState.Doomed or HeldState.PrepareUnknown)
                await RollbackAsync(branch.Id, evidence: null, cancellationToken);
            else if (!listed.Contains(branch.Id))
                await LetGoIfOverAsync(branch, cancellationToken);
        }
    }

    /// <summary>Begins no branch any more; open ones may still be worked in, prepared and finished.</summary>
    public void Drain() => _opening.Drain();

    /// <summary>Completes when no branch is held, or after the drain limit.</summary>
    public async Task WhenIdleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _context.Table.WhenIdleAsync().OnCallersScheduler().WaitAsync(_context.Options.DrainLimit, _context.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            Log.NotIdle(_context.Logger, OpenBranches, Name);
        }
    }

    /// <summary>Lets all sessions go: unprepared branches roll back, prepared ones stay prepared in the database.</summary>
    public async ValueTask DisposeAsync()
    {
        Drain();
        await Task.WhenAll(_context.Table.Held().Select(LetGoAsync));
    }

    /// <summary>Called when a caller's work ends: the next one's turn, unless the branch ended meanwhile.</summary>
    internal Task EndWorkAsync(HeldBranch branch) => _context.LeaveAsync(branch);

    private Task<BranchReport> ShareAsync(
        BranchId branch, Verb verb, Func<Task<BranchReport>> execute, CancellationToken cancellationToken) =>
        _reports.RunAsync((branch, verb), execute, cancellationToken);

    private bool IsCurrentOrNewer(Epoch epoch) => _epoch is not { } known || epoch == known || epoch > known;

    private async Task LetGoAsync(HeldBranch branch)
    {
        branch.TryDoom(Reasons.Draining, "The participant shuts down.");
        branch.StopWork(Refusals.Draining());
        // The gate is not left again: nothing more is to happen on the session.
        await branch.Gate.EnterForCommandAsync(_context.Options.EndWorkGrace, _context.Time);
        await _context.EndSessionAsync(branch);
    }

    private async Task LetGoIfOverAsync(HeldBranch branch, CancellationToken cancellationToken)
    {
        var report = await FindOutcomeAsync(branch.Id, branch.Evidence, cancellationToken);
        if (report.Outcome is BranchOutcome.Prepared or BranchOutcome.Active || !branch.Gate.TryEnter())
            return;
        await _context.EndSessionAsync(branch);
        _context.Table.Finish(branch, branch.Vote, report.Outcome == BranchOutcome.Unknown ? null : report);
        await _context.LeaveAsync(branch);
    }

    private bool StandsStill(HeldBranch branch)
    {
        lock (_context.Table.Sync)
        {
            return branch.State is HeldState.Prepared or HeldState.PrepareUnknown or HeldState.OnePhaseUnknown or HeldState.Doomed
                && _context.Time.GetElapsedTime(branch.Since) >= _context.Options.SweepInterval;
        }
    }
}
