using System.Data;
using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers.Work;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// A branch at work on PostgreSQL. It begins with its first statement (see <see cref="Start"/>), at prepare if there is
/// none. A failed statement on <see cref="DriverConnection"/> fails the transaction on the server, which is a no at prepare.
/// </summary>
internal sealed class BranchSession : IBranchSession
{
    private readonly PostgresResourceManager _resource;
    private readonly Connections _connections;
    private readonly NpgsqlConnection _driver;
    private readonly BranchGuard _guard = new();
    private readonly BranchOptions _branchOptions;
    private readonly PostgresOptions _options;
    private readonly Start _start;
    private readonly List<Deferred> _deferred = [];
    private bool _syncWaitCancelled;
    private bool _released;
    private LinkedListNode<NpgsqlConnection>? _held;
    private State _state = State.Working;
    private string? _evidence;

    public BranchSession(
        PostgresResourceManager resource,
        Connections connections,
        NpgsqlConnection driver,
        BranchId id,
        BranchOptions branchOptions,
        PostgresOptions options)
    {
        _resource = resource;
        _connections = connections;
        _driver = driver;
        _branchOptions = branchOptions;
        _options = options;
        _start = new Start(connections, driver, id, branchOptions, options);
        Id = id;
        Connection = new BranchConnection(driver, _guard, _start);
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
            // What is done there is not seen: the branch begins before it, and the session is reset after it.
            _guard.LeaveTraces();
            if (!_start.WasSent && _state == State.Working)
                _start.BeginAsync(async: false, CancellationToken.None).GetAwaiter().GetResult();
            return _driver;
        }
    }

    public string? PoisonReason => _guard.Reason;

    /// <summary>Begins the branch at once.</summary>
    public static async Task<BranchSession> BeginAsync(
        PostgresResourceManager resource,
        Connections connections,
        NpgsqlConnection connection,
        BranchId branch,
        BranchOptions branchOptions,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        var session = new BranchSession(resource, connections, connection, branch, branchOptions, options);
        try
        {
            await session._start.BeginAsync(async: true, cancellationToken);
            return session;
        }
        catch
        {
            // Back to the pool, where the driver rolls back what was begun.
            await session.ReleaseAsync();
            throw;
        }
    }

    public Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken) =>
        _guard.RunOwnAsync(() => _start.ConfigureAsync(variables, cancellationToken));

    public void Defer(DbCommand command, int? expectedRows)
    {
        Expect(State.Working);
        var inner = _guard.CheckDeferred(command, Connection);
        _deferred.Add(new Deferred(Batch.Copy((NpgsqlCommand)inner), expectedRows));
    }

    public void Poison(string reason) => _guard.Poison(reason);

    /// <summary>
    /// 1. A poisoned branch, or one with a statement still running, is a no. 2. One round trip begins the branch if
    /// nothing has, runs what was deferred, prepares and reads the proof back. 3. Only our own xid, in progress though the
    /// session has left it, is a yes: PREPARE in a failed transaction, or outside one, succeeds too, with the command tag
    /// ROLLBACK that the driver hides. Work that may have prepared by itself has to be listed under our gid. 4. A deferred
    /// statement that changed another number of rows than expected is a no.
    /// </summary>
    public async Task<Vote> PrepareAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        if (_guard.CloseToWork() is { } reason)
            return await RefuseAsync(reason);

        _driver.Notice += OnNotice;
        try
        {
            if (_branchOptions.MayVoteReadOnly && await TryEndReadOnlyAsync(cancellationToken))
                return new Vote.ReadOnly();
            return await PrepareWithProofAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is BranchTakenException or TransactionLostException)
        {
            return await RefuseAsync(failure.Message);
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return await RefuseAsync(verdict.Detail!);
        }
        catch
        {
            _state = State.Lost;
            throw;
        }
        finally
        {
            _driver.Notice -= OnNotice;
            // Phase 2 follows in a moment, as a rule: on this session, whose process has the branch at hand, it costs least.
            if (_state == State.Prepared && !_guard.LeftTraces)
                _held = _connections.TryHold(_driver);
            if (_held is null)
                await ReleaseAsync();
        }
    }

    public async Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        if (_guard.CloseToWork() is { } reason)
            return await RollbackAsync(CancellationToken.None) with { Detail = reason };

        try
        {
            // How many rows they changed is known only afterwards, so they cannot share the commit's round trip.
            if (_deferred.Exists(deferred => deferred.ExpectedRows is not null))
                await RunAsync([], beginWithId: false, cancellationToken);
            if (FindUnexpected() is { } unexpected)
                return await RollbackAsync(CancellationToken.None) with { Detail = unexpected };
            // The SELECT fails in a failed transaction, in which COMMIT would succeed with the tag ROLLBACK.
            var results = await RunAsync(
                [new NpgsqlBatchCommand(SessionStatements.OwnIfAssigned), new NpgsqlBatchCommand("COMMIT")], beginWithId: false, cancellationToken);
            _state = State.Over;
            return results[0][0][1] == _start.StartedAt
                ? BranchReport.Committed
                : new BranchReport(BranchOutcome.Unknown, TransactionLostException.Text);
        }
        catch (TransactionLostException lost)
        {
            _state = State.Lost;
            return new BranchReport(BranchOutcome.Unknown, lost.Message);
        }
        catch (BranchTakenException taken)
        {
            return await RollbackAsync(CancellationToken.None) with { Detail = taken.Message };
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return await RollbackAsync(CancellationToken.None) with { Detail = verdict.Detail };
        }
        catch
        {
            _state = State.Lost;
            throw;
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    public async Task<BranchReport> CommitAsync(CancellationToken cancellationToken)
    {
        Expect(State.Prepared);
        var held = _held is { } node && _connections.TryTakeBack(node);
        try
        {
            var report = await _resource.CommitAsync(Id, _evidence, held ? _driver : null, cancellationToken);
            if (report.Outcome == BranchOutcome.Committed)
                _state = State.Over;
            return report;
        }
        finally
        {
            if (held)
                await ReleaseAsync();
        }
    }

    /// <summary>
    /// On the session itself while it works and is idle; otherwise as the resource manager rolls back, which ends a session
    /// that is still busy.
    /// </summary>
    public async Task<BranchReport> RollbackAsync(CancellationToken cancellationToken)
    {
        _guard.Seal();
        if (_state == State.Over)
            return BranchReport.RolledBack;
        // Of a branch that was never sent there is nothing to roll back.
        if (_state == State.Working && (!_start.WasSent || (!_guard.IsRunning && await TryRollbackHereAsync(cancellationToken))))
        {
            _state = State.Over;
            await ReleaseAsync();
            return _start.IsTaken
                ? new BranchReport(BranchOutcome.Active, "It is at work or prepared elsewhere.")
                : BranchReport.RolledBack;
        }

        var report = await _resource.RollbackAsync(Id, _evidence, cancellationToken);
        if (report.Outcome == BranchOutcome.RolledBack)
            _state = State.Over;
        if (_held is null || _connections.TryTakeBack(_held))
            await ReleaseAsync();
        return report;
    }

    public async ValueTask DisposeAsync()
    {
        if (_state == State.Working)
            await RollbackAsync(CancellationToken.None);
        if (_held is null || _connections.TryTakeBack(_held))
            await ReleaseAsync();
    }

    private async Task<bool> TryEndReadOnlyAsync(CancellationToken cancellationToken)
    {
        if (_start.WasSent || _deferred.Count > 0)
        {
            var xid = await RunAsync([new NpgsqlBatchCommand(SessionStatements.OwnIfAssigned)], beginWithId: false, cancellationToken);
            if (xid[0][0][0] is not null || xid[0][0][1] != _start.StartedAt || FindUnexpected() is not null)
                return false;
            await Batch.ExecuteAsync(_driver, _options.PrepareTimeout, cancellationToken, "COMMIT");
        }

        _state = State.Over;
        return true;
    }

    private async Task<Vote> PrepareWithProofAsync(CancellationToken cancellationToken)
    {
        var prepare = new NpgsqlBatchCommand(Gid.Prepare(Id));
        var prove = SessionStatements.Proof(Id, !_guard.LeftTraces);
        string?[]? proof, own = null;
        if (_start.HasBegun)
        {
            var results = await RunAsync([SessionStatements.Own(!_guard.LeftTraces), prepare, prove], beginWithId: false, cancellationToken);
            (own, proof) = (results[0][0], Row(results[1]));
        }
        else
        {
            // All in one round trip: what begins the branch tells the id that must be the one prepared.
            proof = Row((await RunAsync([prepare, prove], beginWithId: true, cancellationToken))[0]);
        }

        var xid = own?[0] ?? _start.TransactionId!;
        var isOwn = proof?[0] == xid;
        if (proof?[0] is null && own is null)
        {
            // What was to be proven is known from before the work, so it may be prepared all the same.
            _state = State.Prepared;
            return await RefuseAsync("The prepare is not proven: the work ended the branch's transaction, or reset the session's settings.");
        }

        if (proof?[0] is null || (!isOwn && own is not null))
        {
            _state = State.Over;
            return new Vote.No("PREPARE left nothing of ours prepared: the branch's transaction had failed or was over.");
        }

        _state = State.Prepared;
        if (!isOwn || (own is not null && own[1] != _start.StartedAt))
            return await RefuseAsync("The work ended the branch's transaction by itself and began another one.");
        _evidence = new Evidence(
            proof[1]!,
            uint.Parse(proof[2]!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            ulong.Parse(xid, CultureInfo.InvariantCulture),
            Lsn.Parse(proof[3]!)).ToString();
        if (_syncWaitCancelled)
            return await RefuseAsync("01000: the prepare was not confirmed by the synchronous standby.");
        return FindUnexpected() is { } unexpected ? await RefuseAsync(unexpected) : new Vote.Prepared(_evidence);
    }

    // One round trip: what begins the branch, unless it has begun; what was deferred, unless it ran; then the statements,
    // whose own results are returned.
    private async Task<IReadOnlyList<IReadOnlyList<string?[]>>> RunAsync(
        NpgsqlBatchCommand[] statements, bool beginWithId, CancellationToken cancellationToken)
    {
        var batch = new NpgsqlBatch(_driver) { Timeout = Batch.Seconds(_options.PrepareTimeout) };
        var deferred = _deferred.Where(deferred => !deferred.WasSent).ToList();
        if (!_start.HasBegun)
            _start.AddTo(batch, beginWithId);
        else if (deferred.Count > 0)
            batch.BatchCommands.Add(SessionStatements.Expect(_start.StartedAt));
        foreach (var statement in deferred)
        {
            batch.BatchCommands.Add(statement.Command);
            statement.WasSent = true;
        }

        foreach (var statement in statements)
            batch.BatchCommands.Add(statement);
        await using var reader = _start.HasBegun
            ? await ExecuteExpectingAsync(batch, deferred.Count > 0, cancellationToken)
            : await _start.ExecuteAsync(batch, beginWithId, async: true, CommandBehavior.Default, cancellationToken);
        return await Batch.ReadAsync(reader, SessionStatements.Column, cancellationToken);
    }

    // The expectation stands first in the batch, so whatever fails before its row is read is its own failure.
    private static async Task<NpgsqlDataReader> ExecuteExpectingAsync(NpgsqlBatch batch, bool expects, CancellationToken cancellationToken)
    {
        try
        {
            return await batch.ExecuteReaderAsync(cancellationToken);
        }
        catch (PostgresException failure) when (expects && failure.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            throw new TransactionLostException(failure);
        }
    }

    private static string?[]? Row(IReadOnlyList<string?[]> rows) => rows is [var row, ..] ? row : null;

    private string? FindUnexpected()
    {
        foreach (var deferred in _deferred)
        {
            if (deferred.ExpectedRows is { } expected && deferred.Command.RecordsAffected is var changed && changed != expected)
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"A deferred statement changed {changed} rows; {expected} were expected.");
            }
        }

        return null;
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
            _state = State.Lost;
        }

        return new Vote.No(reason);
    }

    // With synchronous replication a cancelled wait is a success with a warning. Told by the server's routine, because the
    // text is translated and 01000 is also what a trigger's own RAISE WARNING has.
    private void OnNotice(object sender, NpgsqlNoticeEventArgs e)
    {
        if (e.Notice.SqlState == "01000" && e.Notice.Routine is null or "SyncRepWaitForLSN")
            _syncWaitCancelled = true;
    }

    private async Task<bool> TryRollbackHereAsync(CancellationToken cancellationToken)
    {
        if (_driver.State != ConnectionState.Open)
            return false;
        try
        {
            await Batch.ExecuteAsync(_driver, _options.Phase2Timeout, cancellationToken, "ROLLBACK");
            return true;
        }
        catch (DbException)
        {
            // The session is of no use any more; the resource manager ends it and looks what is left.
            return false;
        }
    }

    private async Task ReleaseAsync()
    {
        if (_released)
            return;
        _released = true;
        await _connections.ReturnAsync(_driver, _guard.LeftTraces);
    }

    private void Expect(State state)
    {
        if (_state != state)
            throw new InvalidOperationException($"Branch {Id} is {_state}, not {state}.");
    }

    private sealed class Deferred(NpgsqlBatchCommand command, int? expectedRows)
    {
        public NpgsqlBatchCommand Command => command;

        public int? ExpectedRows => expectedRows;

        public bool WasSent { get; set; }
    }

    private sealed class TransactionLostException(Exception innerException) : Exception(Text, innerException)
    {
        public const string Text = "The work ended the branch's transaction by itself.";
    }
}
