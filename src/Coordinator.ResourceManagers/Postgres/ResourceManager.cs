using System.Data.Common;
using Coordinator.ResourceManagers.Postgres;
using Npgsql;

namespace Coordinator.ResourceManagers;

/// <summary>
/// PostgreSQL's prepared transactions. After PREPARE a branch belongs to no session: any session of the same login, in
/// the same database, finishes it. See the README beside this for rights and settings.
/// </summary>
public sealed class PostgresResourceManager : IResourceManager
{
    private readonly PostgresOptions _options;
    private readonly Connections _connections;

    public PostgresResourceManager(PostgresOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _connections = new Connections(options);
    }

    public ResourceKind Kind => ResourceKind.Postgres;

    public Task<ResourceAttachment> AttachAsync(CancellationToken cancellationToken) => _connections.RunAsync(
        connection => Attachment.AttachAsync(connection, _options, cancellationToken), cancellationToken);

    public async Task<IBranchSession> BeginAsync(BranchId branch, BranchOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        ArgumentNullException.ThrowIfNull(options);
        var connection = await _connections.OpenForWorkAsync(cancellationToken);
        if (_connections.IsFresh(connection))
            return new BranchSession(this, _connections, connection, branch, options, _options);
        try
        {
            return await BranchSession.BeginAsync(this, _connections, connection, branch, options, _options, cancellationToken);
        }
        catch (DbException failure) when (_connections.ForgetIfBroken(connection, failure))
        {
            // An unused connection that the server had ended meanwhile: nothing began on it.
            connection = await _connections.OpenForWorkAsync(cancellationToken);
            return new BranchSession(this, _connections, connection, branch, options, _options);
        }
    }

    public Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        CommitAsync(branch, evidence, held: null, cancellationToken);

    public Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        return _connections.RunAsync(connection => RollbackAsync(connection, branch, evidence, cancellationToken), cancellationToken);
    }

    public Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        return _connections.RunAsync(
            connection => OutcomeProof.ReadAsync(connection, branch, evidence, _options, cancellationToken), cancellationToken);
    }

    public Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken) => _connections.RunAsync(
        connection => PreparedScanReader.ReadAsync(connection, _options, cancellationToken), cancellationToken);

    public async Task<string> GetServerStartAsync(CancellationToken cancellationToken)
    {
        var rows = await _connections.RunAsync(
            connection => Batch.QueryAsync(connection, _options.Phase2Timeout, cancellationToken, "SELECT " + Attachment.ServerStart),
            cancellationToken);
        return rows[0][0][0]!;
    }

    public Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(mark);
        return _connections.RunAsync(connection => Marks.WriteAsync(connection, mark, cancellationToken), cancellationToken);
    }

    /// <summary>Nothing to do: PostgreSQL itself keeps the proof (<c>pg_xact_status</c>).</summary>
    public Task TrimAsync(TimeSpan olderThan, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => _connections.DisposeAsync();

    /// <param name="branch">Prepared.</param>
    /// <param name="evidence">Of its vote.</param>
    /// <param name="held">The connection that prepared it, if it is still there; tried first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal Task<BranchReport> CommitAsync(BranchId branch, string? evidence, NpgsqlConnection? held, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(branch);
        return _connections.RunAsync(held, connection => CommitAsync(connection, branch, evidence, cancellationToken), cancellationToken);
    }

    private async Task<BranchReport> CommitAsync(
        NpgsqlConnection connection, BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        var verdict = await FinishAsync(connection, Gid.Commit(branch), cancellationToken);
        if (verdict.Answer == Answer.Done)
            return BranchReport.Committed;
        return verdict.IsUnknownBranch
            ? await OutcomeProof.ReadAsync(connection, branch, evidence, _options, cancellationToken)
            : verdict.StillPrepared();
    }

    // 1. ROLLBACK PREPARED. 2. If the server does not know the branch, its session may still be on its way into PREPARE: it
    // is ended, and the end awaited. 3. Then the proof: the branch's lock is free and nothing is listed; a prepare that
    // slipped in between is rolled back in another round.
    private async Task<BranchReport> RollbackAsync(
        NpgsqlConnection connection, BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        var report = new BranchReport(BranchOutcome.Active, "its session does not end");
        for (var attempt = 0; attempt < _options.RollbackAttempts; attempt++)
        {
            var verdict = await FinishAsync(connection, Gid.Rollback(branch), cancellationToken);
            if (verdict.Answer == Answer.Done)
                return BranchReport.RolledBack;
            if (!verdict.IsUnknownBranch)
                return verdict.StillPrepared();
            await EndSessionAsync(connection, branch, cancellationToken);
            report = await OutcomeProof.ReadAsync(connection, branch, evidence, _options, cancellationToken);
            if (report.Outcome is BranchOutcome.Unknown && evidence is null)
                return new BranchReport(BranchOutcome.RolledBack, "not prepared, and no session that could prepare it");
            if (report.Outcome is not (BranchOutcome.Prepared or BranchOutcome.Active))
                return report;
        }

        return report;
    }

    // A refusal is an answer; no answer is the caller's exception.
    private async Task<Verdict> FinishAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        try
        {
            await Batch.ExecuteAsync(connection, _options.Phase2Timeout, cancellationToken, statement);
            return Verdict.Done;
        }
        catch (DbException failure) when (ErrorClassifier.Classify(failure) is { Answer: Answer.Refused } verdict)
        {
            return verdict;
        }
    }

    private async Task EndSessionAsync(NpgsqlConnection connection, BranchId branch, CancellationToken cancellationToken)
    {
        var limit = (int)_options.SessionEndTimeout.TotalMilliseconds;
        await Batch.QueryAsync(
            connection,
            _options.Phase2Timeout + _options.SessionEndTimeout,
            cancellationToken,
            $"SELECT pg_terminate_backend(pid, {limit})::text FROM pg_locks WHERE {Gid.LockHolder(branch)} AND pid <> pg_backend_pid()");
    }
}
