using System.Data;
using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers.Work;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// A branch at work on MariaDB or MySQL. A failed statement on <see cref="DriverConnection"/> goes unnoticed, by the
/// server too: who uses it calls <see cref="Poison"/>. A prepared branch on MariaDB keeps its session, held by the
/// resource manager, also after this is disposed.
/// </summary>
internal sealed class BranchSession : IBranchSession
{
    private readonly MySqlResourceManager _resource;
    private readonly Sessions _sessions;
    private readonly Session _session;
    private readonly BranchGuard _guard = new(enforcesLimits: true);
    private readonly SemaphoreSlim _finishing = new(1);
    private readonly string _evidence;
    private State _state = State.Working;
    private BranchOutcome _outcome;
    private bool _returned;

    private BranchSession(MySqlResourceManager resource, Sessions sessions, Session session, BranchId id, Evidence evidence)
    {
        _resource = resource;
        _sessions = sessions;
        _session = session;
        _evidence = evidence.ToString();
        Id = id;
        Connection = new BranchConnection(session.Connection, _guard);
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
            return _session.Connection;
        }
    }

    public string? PoisonReason => _guard.Reason;

    private MySqlOptions Options => _sessions.Options;

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
            var lockTimeout = Math.Max(1, (long)Math.Ceiling(branchOptions.LockTimeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            var statements = $"SET SESSION innodb_lock_wait_timeout = {lockTimeout}, lock_wait_timeout = {lockTimeout}; "
                + $"SELECT GET_LOCK({Xid.LockName(branch)}, 0), CONNECTION_ID(), UNIX_TIMESTAMP(); "
                + IsolationClause(branchOptions.IsolationLevel) + Xid.Start(branch)
                + (sessions.Options.Witness ? "; " + Witness.Insert(branch) : "");
            var row = (await session.QueryAsync(statements, sessions.Options.WorkTimeout, cancellationToken))[0][0];
            if (row[0] != "1")
                throw new InvalidOperationException($"Branch {branch} is already at work elsewhere.");
            var evidence = new Evidence(
                ulong.Parse(row[1]!, CultureInfo.InvariantCulture),
                long.Parse(row[2]!, CultureInfo.InvariantCulture),
                sessions.Options.Witness);
            return new BranchSession(resource, sessions, session, branch, evidence);
        }
        catch
        {
            await sessions.Work.ReturnAsync(session, reusable: false);
            throw;
        }
    }

    public void Poison(string reason) => _guard.Poison(reason);

    /// <summary>
    /// 1. A poisoned branch, or one with a statement still running, is a no: the server itself would prepare it. 2. One
    /// round trip ends and prepares; an OK is a yes. 3. MariaDB's session is held for phase 2, MySQL's is free.
    /// </summary>
    public async Task<Vote> PrepareAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        if (CloseToWork() is { } reason)
            return await RefuseAsync(reason);
        try
        {
            var statements = $"{Xid.End(Id)}; {Xid.Prepare(Id)}";
            if (!_resource.Flavor.IsMariaDb)
                statements += "; " + Xid.ReleaseLock(Id);
            await _session.ExecuteAsync(statements, Options.PrepareTimeout, cancellationToken);
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return await RefuseAsync(verdict.Detail!);
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
        return new Vote.Prepared(_evidence);
    }

    public async Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        if (CloseToWork() is { } reason)
            return await RollbackAsync(CancellationToken.None) with { Detail = reason };
        try
        {
            await _session.ExecuteAsync(
                $"{Xid.End(Id)}; {Xid.CommitOnePhase(Id)}; {Xid.ReleaseLock(Id)}", Options.PrepareTimeout, cancellationToken);
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return await RollbackAsync(CancellationToken.None) with { Detail = verdict.Detail };
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
        return _resource.CommitAsync(Id, _evidence, cancellationToken);
    }

    public async Task<BranchReport> RollbackAsync(CancellationToken cancellationToken)
    {
        _guard.Seal();
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
        return await _resource.RollbackAsync(Id, _state == State.Prepared ? _evidence : null, cancellationToken);
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
            await _session.ExecuteAsync($"{statement}; {Xid.ReleaseLock(Id)}", Options.Phase2Timeout, cancellationToken);
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

    private string? CloseToWork()
    {
        _guard.Seal();
        if (_guard.IsRunning)
            _guard.Poison("A statement is still running.");
        return _guard.Reason;
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
        foreach (var statement in (string[])[Xid.End(Id), $"{Xid.Rollback(Id)}; {Xid.ReleaseLock(Id)}"])
        {
            try
            {
                await _session.ExecuteAsync(statement, Options.Phase2Timeout, cancellationToken);
            }
            catch (DbException failure) when (
                statement == Xid.End(Id) && ErrorClassifier.Classify(failure).Answer == Answer.Refused)
            {
                continue;
            }
            catch (Exception failure) when (failure is DbException or TimeoutException)
            {
                // The session is of no use any more; the resource manager ends it and looks what is left.
                return false;
            }
        }

        return true;
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

    private static string IsolationClause(IsolationLevel? level) => level switch
    {
        null or IsolationLevel.Unspecified => "",
        IsolationLevel.ReadUncommitted => "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; ",
        IsolationLevel.ReadCommitted => "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ",
        IsolationLevel.RepeatableRead or IsolationLevel.Snapshot => "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; ",
        IsolationLevel.Serializable => "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "The server has no such isolation level."),
    };
}
