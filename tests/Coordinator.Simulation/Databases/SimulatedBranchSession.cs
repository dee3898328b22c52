using System.Data.Common;

namespace Coordinator.Simulation.Databases;

/// <summary>A branch at work in one session of a <see cref="SimulatedServer"/>.</summary>
internal sealed class SimulatedBranchSession(SimulatedResourceManager resources, BranchId id, ServerSession session, bool mayVoteReadOnly) : IBranchSession
{
    private static readonly TimeSpan _lockTimeout = TimeSpan.FromSeconds(2);
    private bool _wrote;
    private string? _evidence;

    public BranchId Id => id;

    public DbConnection Connection => throw new NotSupportedException("Simulated work is done by WriteAsync.");

    public DbConnection DriverConnection => Connection;

    public string? PoisonReason { get; private set; }

    public void Poison(string reason) => PoisonReason ??= reason;

    public Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Defer(DbCommand command, int? expectedRows) => throw new NotSupportedException("Simulated work is done by WriteAsync.");

    /// <summary>Changes an account, waiting for its lock.</summary>
    public async Task WriteAsync(int account, long delta)
    {
        if (resources.Random.Chance(resources.Faults.StatementFails))
        {
            Poison("a statement failed");
            throw new DatabaseException("a statement failed");
        }

        try
        {
            _wrote = true;
            var started = resources.Process.Time.GetTimestamp();
            while (!await resources.CallAsync(() => resources.Server.TryWrite(session, account, delta), session))
            {
                if (resources.Process.Time.GetElapsedTime(started) > _lockTimeout)
                    throw new DatabaseException("lock timeout");
                await resources.Process.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
        catch (Exception failure)
        {
            Poison(failure.Message);
            throw;
        }
    }

    public async Task<Vote> PrepareAsync(CancellationToken cancellationToken)
    {
        if (PoisonReason is { } reason)
            return await RefuseAsync(reason);
        if (mayVoteReadOnly && !_wrote && resources.Kind == ResourceKind.Postgres)
        {
            await resources.CallAsync(() => Do(SimulatedServer.EndReadOnly), session);
            return new Vote.ReadOnly();
        }

        if (resources.Random.Chance(resources.Faults.PrepareRefused))
            return await RefuseAsync("the database refused");
        try
        {
            _evidence = await resources.CallAsync(() => resources.Server.Prepare(session), session);
            return new Vote.Prepared(_evidence);
        }
        catch (DatabaseException refused)
        {
            return await RefuseAsync(refused.Message);
        }
    }

    public async Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken)
    {
        if (PoisonReason is { } reason)
            return await RollbackAsync(CancellationToken.None) with { Detail = reason };
        try
        {
            await resources.CallAsync(() => Do(resources.Server.CommitOnePhase), session);
            return BranchReport.Committed;
        }
        catch (DatabaseException refused)
        {
            return await RollbackAsync(CancellationToken.None) with { Detail = refused.Message };
        }
    }

    public async Task<BranchReport> CommitAsync(CancellationToken cancellationToken)
    {
        if (_evidence is null || session.IsEnded)
            return await resources.CommitAsync(id, _evidence, CancellationToken.None);
        var done = await resources.CallAsync(() => resources.Server.CommitPrepared(id, mayHide: false), session);
        return done ? BranchReport.Committed : await resources.FindOutcomeAsync(id, _evidence, CancellationToken.None);
    }

    public async Task<BranchReport> RollbackAsync(CancellationToken cancellationToken)
    {
        if (_evidence is null || session.IsEnded)
            return await resources.RollbackAsync(id, _evidence, CancellationToken.None);
        var done = await resources.CallAsync(() => resources.Server.RollbackPrepared(id, isFenced: false), session);
        return done ? BranchReport.RolledBack : await resources.RollbackAsync(id, _evidence, CancellationToken.None);
    }

    public ValueTask DisposeAsync()
    {
        resources.Forget(id);
        // MariaDB's prepared branch keeps its session until it is finished; others let it go at prepare.
        if (_evidence is null || resources.Kind != ResourceKind.MariaDb)
            resources.Close(session);
        return ValueTask.CompletedTask;
    }

    private async Task<Vote> RefuseAsync(string reason)
    {
        // The no stands; the server ends the session when it notices.
        resources.Close(session);
        await resources.Process.Delay(TimeSpan.FromMilliseconds(1));
        return new Vote.No(reason);
    }

    private bool Do(Action<ServerSession> effect)
    {
        effect(session);
        return true;
    }
}
