using System.Data.Common;
using Coordinator.ResourceManagers.Work;
using MySqlConnector;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// A branch at work on MariaDB or MySQL. It begins with its first statement (see <see cref="Start"/>), at prepare if there
/// is none. A failed statement on <see cref="DriverConnection"/> goes unnoticed, by the
/// server too: who uses it calls <see cref="Poison"/>. A prepared branch on MariaDB keeps its session, held by the
/// resource manager, also after this is disposed.
/// </summary>
internal sealed class BranchSession : IBranchSession
{
    private const string OtherRows = "A deferred statement changed another number of rows than expected.";

    private readonly MySqlResourceManager _resource;
    private readonly Sessions _sessions;
    private readonly Session _session;
    private readonly BranchGuard _guard = new();
    private readonly SemaphoreSlim _finishing = new(1);
    private readonly Start _start;
    private readonly DeferredStatements _deferred = new();
    private State _state = State.Working;
    private BranchOutcome _outcome;
    private bool _returned;

    public BranchSession(MySqlResourceManager resource, Sessions sessions, Session session, BranchId id, BranchOptions branchOptions)
    {
        _resource = resource;
        _sessions = sessions;
        _session = session;
        _start = new Start(session, id, branchOptions, sessions.Options, resource.Flavor);
        Id = id;
        Connection = new BranchConnection(session.Connection, _guard, _start);
    }

    private enum State
    {
        Working,
        Prepared,
        Over,

        /// <summary>No answer came: what became of the branch is for the resource manager to find out.</summary>
        Lost,
    }

    public BranchId Id { get; }

    public DbConnection Connection { get; }

    public DbConnection DriverConnection
    {
        get
        {
            // What is done there is not seen, so the session cannot be used for another branch afterwards.
            _guard.LeaveTraces();
            if (!_start.WasSent && _state == State.Working)
                _start.BeginAsync(async: false, CancellationToken.None).GetAwaiter().GetResult();
            return _session.Connection;
        }
    }

    public string? PoisonReason => _guard.Reason;

    private MySqlOptions Options => _sessions.Options;

    /// <summary>Begins the branch at once.</summary>
    public static async Task<BranchSession> BeginAsync(
        MySqlResourceManager resource,
        Sessions sessions,
        Session session,
        BranchId branch,
        BranchOptions branchOptions,
        CancellationToken cancellationToken)
    {
        try
        {
            var begun = new BranchSession(resource, sessions, session, branch, branchOptions);
            await begun._start.BeginAsync(async: true, cancellationToken);
            return begun;
        }
        catch
        {
            await sessions.Work.ReturnAsync(session, reusable: false);
            throw;
        }
    }

    public Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken) =>
        _guard.RunOwnAsync(() => _start.ConfigureAsync(variables, cancellationToken));

    public void Defer(DbCommand command, int? expectedRows)
    {
        Expect(State.Working);
        var inner = _guard.CheckDeferred(command, Connection);
        _deferred.Add(inner, expectedRows);
    }

    public void Poison(string reason) => _guard.Poison(reason);

    /// <summary>
    /// 1. A poisoned branch, or one with a statement still running, is a no: the server itself would prepare it. 2. One
    /// round trip begins the branch if nothing has, runs what was deferred, ends and prepares; the server stops at the
    /// first error, so an OK is a yes. 3. MariaDB's session is held for phase 2, MySQL's is free. 4. A deferred statement
    /// that changed another number of rows than expected is a no.
    /// </summary>
    public async Task<Vote> PrepareAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        if (_guard.CloseToWork() is { } reason)
            return await RefuseAsync(reason);
        var expectedRows = _deferred.OnlyExpectedRows;
        var ownRows = _start.HasBegun ? 0 : _start.OwnRows;
        int changedRows;
        try
        {
            var statements = $"{Xid.End(Id)}; {Xid.Prepare(Id)}";
            if (!_resource.Flavor.IsMariaDb)
                statements += _start.ReleaseLock;
            changedRows = await RunAsync(statements, expectedRows is null ? _start.ExpectRows : null, cancellationToken);
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return await RefuseAsync(Describe(failure, verdict));
        }
        catch
        {
            await LoseAsync();
            throw;
        }

        _state = State.Prepared;
        if (_resource.Flavor.IsMariaDb)
            _resource.Hold(this);
        else
            await ReturnAsync(reusable: true);
        return expectedRows is { } expected && changedRows - ownRows != expected
            ? await RefuseAsync(OtherRows)
            : new Vote.Prepared(_start.Evidence);
    }

    public async Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        if (_guard.CloseToWork() is { } reason)
            return await RollbackAsync(CancellationToken.None) with { Detail = reason };
        try
        {
            await RunAsync($"{Xid.End(Id)}; {Xid.CommitOnePhase(Id)}{_start.ReleaseLock}", _start.ExpectRows, cancellationToken);
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return await RollbackAsync(CancellationToken.None) with { Detail = Describe(failure, verdict) };
        }
        catch
        {
            await LoseAsync();
            throw;
        }

        await FinishAsync(BranchOutcome.Committed, reusable: true);
        return BranchReport.Committed;
    }

    public Task<BranchReport> CommitAsync(CancellationToken cancellationToken)
    {
        if (_state == State.Working)
            throw new InvalidOperationException($"Branch {Id} is not prepared.");
        return _resource.CommitAsync(Id, _start.Evidence, cancellationToken);
    }

    public async Task<BranchReport> RollbackAsync(CancellationToken cancellationToken)
    {
        _guard.Seal();
        if (_state == State.Working && _start.IsTaken)
        {
            await LoseAsync();
            return new BranchReport(BranchOutcome.Active, "It is at work or prepared elsewhere.");
        }

        // Of a branch that was never sent there is nothing to roll back.
        if (_state == State.Working && !_start.WasSent)
        {
            await FinishAsync(BranchOutcome.RolledBack, reusable: true);
            return BranchReport.RolledBack;
        }

        if (_state == State.Working && !_guard.IsRunning && await TryRollbackHereAsync(cancellationToken))
        {
            await FinishAsync(BranchOutcome.RolledBack, reusable: true);
            return BranchReport.RolledBack;
        }

        if (_state == State.Working && _guard.IsRunning)
        {
            // The server ends the session, and the statement with it; the connection can be closed only after that.
            var ended = await _resource.RollbackAsync(Id, evidence: null, cancellationToken);
            await LoseAsync();
            return ended;
        }

        if (_state == State.Working)
            await LoseAsync();
        if (_state == State.Over && _outcome == BranchOutcome.RolledBack)
            return BranchReport.RolledBack;
        return await _resource.RollbackAsync(Id, _state == State.Prepared ? _start.Evidence : null, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_state == State.Working)
            await RollbackAsync(CancellationToken.None);
    }

    /// <summary>Finishes the branch on the session that prepared it; null if that is no longer the way.</summary>
    internal async Task<BranchReport?> FinishHeldAsync(bool commit, CancellationToken cancellationToken)
    {
        await _finishing.WaitAsync(cancellationToken);
        try
        {
            if (_state != State.Prepared)
                return null;
            var statement = commit ? Xid.Commit(Id) : Xid.Rollback(Id);
            await _session.ExecuteAsync(statement + _start.ReleaseLock, Options.Phase2Timeout, cancellationToken);
            await FinishAsync(commit ? BranchOutcome.Committed : BranchOutcome.RolledBack, reusable: true);
            return commit ? BranchReport.Committed : BranchReport.RolledBack;
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            if (!verdict.IsUnknownBranch && !ErrorClassifier.IsRolledBack(failure))
                return verdict.StillPrepared();
            // Somebody else finished it: the proof is elsewhere.
            await LoseAsync();
            return null;
        }
        catch
        {
            await LoseAsync();
            throw;
        }
        finally
        {
            _finishing.Release();
        }
    }

    /// <summary>Disconnects from a prepared branch, which stays prepared.</summary>
    internal async Task LetGoAsync()
    {
        await _finishing.WaitAsync();
        if (_state == State.Prepared)
            await LoseAsync();
        _finishing.Release();
    }

    // One round trip: what begins the branch, unless it has begun; what was deferred; then the statements. Returns how many
    // rows were changed together.
    private async Task<int> RunAsync(string statements, Func<int, MySqlBatchCommand>? check, CancellationToken cancellationToken)
    {
        var batch = _session.CreateBatch(Options.PrepareTimeout);
        // Outside the branch, deferred statements would be committed one by one: a savepoint exists only inside.
        if (!_start.HasBegun)
            batch.BatchCommands.Add(new MySqlBatchCommand(_start.TakeText()));
        else if (_deferred.Count > 0)
            batch.BatchCommands.Add(new MySqlBatchCommand("SAVEPOINT coordinator; RELEASE SAVEPOINT coordinator"));
        _deferred.MoveTo(batch, check);
        batch.BatchCommands.Add(new MySqlBatchCommand(statements));
        var changed = await _session.ExecuteAsync(batch, Options.PrepareTimeout, cancellationToken);
        _start.Began();
        return changed;
    }

    private string Describe(DbException failure, Verdict verdict)
    {
        if (_start.FoundTaken(failure))
            return new BranchTakenException(Id).Message;
        return Start.FoundOtherRows(failure) ? OtherRows : verdict.Detail!;
    }

    private async Task<Vote> RefuseAsync(string reason)
    {
        try
        {
            await RollbackAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is DbException or TimeoutException)
        {
            // The no stands whatever becomes of the rollback: a session that worked ends with its connection, and what
            // was prepared is found by the next scan.
            await LoseAsync();
        }

        return new Vote.No(reason);
    }

    // XA END is refused when the branch was ended already or can only be rolled back; either way XA ROLLBACK follows.
    private async Task<bool> TryRollbackHereAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _session.ExecuteAsync(Xid.End(Id), Options.Phase2Timeout, cancellationToken);
        }
        catch (DbException failure) when (
            ErrorClassifier.Classify(failure).Answer == Answer.Refused && (_start.HasBegun || ErrorClassifier.IsRolledBack(failure)))
        {
        }
        catch (Exception failure) when (failure is DbException or TimeoutException)
        {
            // Nothing shows that the branch of that name is this session's own, or the session is of no use any more: it is
            // ended, and the resource manager looks what is left.
            return false;
        }

        try
        {
            await _session.ExecuteAsync(Xid.Rollback(Id) + _start.ReleaseLock, Options.Phase2Timeout, cancellationToken);
            return true;
        }
        catch (Exception failure) when (failure is DbException or TimeoutException)
        {
            return false;
        }
    }

    private async Task FinishAsync(BranchOutcome outcome, bool reusable)
    {
        _state = State.Over;
        _outcome = outcome;
        _resource.Release(this);
        await ReturnAsync(reusable);
    }

    private async Task LoseAsync()
    {
        _state = State.Lost;
        _resource.Release(this);
        await ReturnAsync(reusable: false);
    }

    private async Task ReturnAsync(bool reusable)
    {
        if (_returned)
            return;
        _returned = true;
        _guard.Seal();
        await _sessions.Work.ReturnAsync(_session, reusable && !_guard.LeftTraces && !_guard.IsRunning);
    }

    private void Expect(State state)
    {
        if (_state != state)
            throw new InvalidOperationException($"Branch {Id} is {_state}, not {state}.");
    }
}
