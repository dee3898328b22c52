using System.Data;
using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers.Work;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// A branch at work on PostgreSQL. BEGIN also takes the branch's advisory lock (see <see cref="Gid.LockKey"/>) and
/// remembers the transaction's start, by which prepare knows that it prepares what was begun. A failed statement on
/// <see cref="DriverConnection"/> fails the transaction on the server, which is a no at prepare.
/// </summary>
internal sealed class BranchSession : IBranchSession
{
    private readonly PostgresResourceManager _resource;
    private readonly NpgsqlConnection _driver;
    private readonly BranchGuard _guard = new(enforcesLimits: false);
    private readonly BranchOptions _branchOptions;
    private readonly PostgresOptions _options;
    private readonly string _startedAt;
    private bool _syncWaitCancelled;
    private bool _released;
    private State _state = State.Working;
    private string? _evidence;

    private BranchSession(
        PostgresResourceManager resource,
        NpgsqlConnection driver,
        BranchId id,
        BranchOptions branchOptions,
        PostgresOptions options,
        string startedAt)
    {
        _resource = resource;
        _driver = driver;
        _branchOptions = branchOptions;
        _options = options;
        _startedAt = startedAt;
        Id = id;
        Connection = new BranchConnection(driver, _guard);
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

    public DbConnection DriverConnection => _driver;

    public string? PoisonReason => _guard.Reason;

    public static async Task<BranchSession> BeginAsync(
        PostgresResourceManager resource,
        NpgsqlConnection connection,
        BranchId branch,
        BranchOptions branchOptions,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        try
        {
            var lockTimeout = Math.Max(1, (long)branchOptions.LockTimeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            var results = await Batch.QueryAsync(
                connection,
                options.WorkTimeout,
                cancellationToken,
                "BEGIN" + IsolationClause(branchOptions.IsolationLevel),
                $"SET LOCAL lock_timeout = {lockTimeout}",
                $"SELECT pg_try_advisory_xact_lock({Gid.LockKey(branch)})::text, extract(epoch FROM now())::text");
            if (results[0][0][0] != "true")
                throw new InvalidOperationException($"Branch {branch} is already at work or prepared elsewhere.");
            return new BranchSession(resource, connection, branch, branchOptions, options, results[0][0][1]!);
        }
        catch
        {
            // Back to the pool, where the driver rolls back what was begun.
            await connection.CloseAsync();
            throw;
        }
    }

    public void Poison(string reason) => _guard.Poison(reason);

    /// <summary>
    /// 1. A poisoned branch, or one with a statement still running, is a no. 2. One round trip prepares and reads the
    /// proof back. 3. Only our own xid, listed under our gid, is a yes: PREPARE in a failed transaction, or outside one,
    /// succeeds too, with the command tag ROLLBACK that the driver hides.
    /// </summary>
    public async Task<Vote> PrepareAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        _guard.Seal();
        if (_guard.IsRunning)
            _guard.Poison("A statement is still running.");
        if (_guard.Reason is { } reason)
            return await RefuseAsync(reason);

        _driver.Notice += OnNotice;
        try
        {
            if (_branchOptions.MayVoteReadOnly && await TryEndReadOnlyAsync(cancellationToken))
                return new Vote.ReadOnly();
            return await PrepareWithProofAsync(cancellationToken);
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
            await ReleaseAsync();
        }
    }

    public async Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken)
    {
        Expect(State.Working);
        _guard.Seal();
        if (_guard.IsRunning)
            _guard.Poison("A statement is still running.");
        if (_guard.Reason is { } reason)
        {
            var report = await RollbackAsync(CancellationToken.None);
            return report with { Detail = reason };
        }

        try
        {
            // The SELECT fails in a failed transaction, in which COMMIT would succeed with the tag ROLLBACK.
            var results = await Batch.QueryAsync(
                _driver, _options.PrepareTimeout, cancellationToken, "SELECT extract(epoch FROM now())::text", "COMMIT");
            _state = State.Over;
            return results[0][0][0] == _startedAt
                ? BranchReport.Committed
                : new BranchReport(BranchOutcome.Unknown, "The work ended the branch's transaction by itself.");
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            var report = await RollbackAsync(CancellationToken.None);
            return report with { Detail = verdict.Detail };
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
        var report = await _resource.CommitAsync(Id, _evidence, cancellationToken);
        if (report.Outcome == BranchOutcome.Committed)
            _state = State.Over;
        return report;
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
        if (_state == State.Working && !_guard.IsRunning && await TryRollbackHereAsync(cancellationToken))
        {
            _state = State.Over;
            await ReleaseAsync();
            return BranchReport.RolledBack;
        }

        var report = await _resource.RollbackAsync(Id, _evidence, cancellationToken);
        if (report.Outcome == BranchOutcome.RolledBack)
            _state = State.Over;
        await ReleaseAsync();
        return report;
    }

    public async ValueTask DisposeAsync()
    {
        if (_state == State.Working)
            await RollbackAsync(CancellationToken.None);
        await ReleaseAsync();
    }

    private async Task<bool> TryEndReadOnlyAsync(CancellationToken cancellationToken)
    {
        var xid = await Batch.QueryAsync(
            _driver,
            _options.PrepareTimeout,
            cancellationToken,
            "SELECT pg_current_xact_id_if_assigned()::text, extract(epoch FROM now())::text");
        if (xid[0][0][0] is not null || xid[0][0][1] != _startedAt)
            return false;
        await Batch.ExecuteAsync(_driver, _options.PrepareTimeout, cancellationToken, "COMMIT");
        _state = State.Over;
        return true;
    }

    private async Task<Vote> PrepareWithProofAsync(CancellationToken cancellationToken)
    {
        await using var batch = Batch.Create(
            _driver,
            _options.PrepareTimeout,
            "SELECT pg_current_xact_id()::text, extract(epoch FROM now())::text",
            Gid.Prepare(Id),
            "SELECT transaction::text, (SELECT system_identifier::text FROM pg_control_system()), "
            + "substring(pg_walfile_name(pg_current_wal_flush_lsn()) FOR 8), pg_current_wal_flush_lsn()::text "
            + $"FROM pg_prepared_xacts WHERE gid = '{Id.Gid}' AND database = current_database()");
        var results = await Batch.QueryAsync(batch, cancellationToken);
        var xid = ulong.Parse(results[0][0][0]!, CultureInfo.InvariantCulture);
        var proof = results[1].Count > 0 ? results[1][0] : null;
        if (proof?[0] != ((uint)xid).ToString(CultureInfo.InvariantCulture))
        {
            _state = State.Over;
            return new Vote.No("PREPARE left nothing of ours prepared: the branch's transaction had failed or was over.");
        }

        _state = State.Prepared;
        _evidence = new Evidence(
            proof[1]!, uint.Parse(proof[2]!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), xid, Lsn.Parse(proof[3]!)).ToString();
        if (results[0][0][1] == _startedAt && !_syncWaitCancelled)
            return new Vote.Prepared(_evidence);
        return await RefuseAsync(_syncWaitCancelled
            ? "01000: the prepare was not confirmed by the synchronous standby."
            : "The work ended the branch's transaction by itself and began another one.");
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
        await _driver.DisposeAsync();
    }

    private void Expect(State state)
    {
        if (_state != state)
            throw new InvalidOperationException($"Branch {Id} is {_state}, not {state}.");
    }

    private static string IsolationClause(IsolationLevel? level) => level switch
    {
        null or IsolationLevel.Unspecified => "",
        IsolationLevel.ReadUncommitted => " ISOLATION LEVEL READ UNCOMMITTED",
        IsolationLevel.ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
        IsolationLevel.RepeatableRead or IsolationLevel.Snapshot => " ISOLATION LEVEL REPEATABLE READ",
        IsolationLevel.Serializable => " ISOLATION LEVEL SERIALIZABLE",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "PostgreSQL has no such isolation level."),
    };
}
