using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// Two pools on one database. Phase 2 has its own, which work can never exhaust: a commit that waits behind work that
/// waits for the commit's locks would wait for ever.
/// </summary>
internal sealed class Connections : IAsyncDisposable
{
    private static readonly TimeSpan _resetTimeout = TimeSpan.FromSeconds(5);
    private readonly NpgsqlDataSource _work;
    private readonly NpgsqlDataSource _phase2;
    private readonly ConcurrentDictionary<int, long> _usedAt = new();
    private readonly PostgresOptions _options;
    private readonly Lock _gate = new();
    private readonly LinkedList<NpgsqlConnection> _held = [];
    private int _wanted;

    public Connections(PostgresOptions options)
    {
        _options = options;
        _work = CreateBuilder(options, options.WorkPoolSize, options.WorkTimeout, "work")
            .UsePhysicalConnectionInitializer(connection => SetUpAsync(connection).GetAwaiter().GetResult(), SetUpAsync)
            .Build();
        _phase2 = CreateBuilder(options, options.Phase2PoolSize, options.Phase2Timeout, "phase 2").Build();
    }

    public async Task<NpgsqlConnection> OpenForWorkAsync(CancellationToken cancellationToken)
    {
        if (Want() is { } oldest)
            await ReturnAsync(oldest, leftTraces: false);
        try
        {
            return await _work.OpenConnectionAsync(cancellationToken);
        }
        catch
        {
            lock (_gate)
                _wanted--;
            throw;
        }
    }

    /// <summary>
    /// Leaves a connection with a prepared branch, which may finish on it. Work comes first: it takes the oldest of these
    /// when the pool has no other, so that prepared branches, however long they wait for their end, are in nobody's way.
    /// </summary>
    /// <returns>Null if somebody waits for a connection; then the caller returns it.</returns>
    public LinkedListNode<NpgsqlConnection>? TryHold(NpgsqlConnection connection)
    {
        lock (_gate)
            return _wanted <= _options.WorkPoolSize && connection.State == ConnectionState.Open ? _held.AddLast(connection) : null;
    }

    /// <summary>True if the connection is still the branch's, which then returns it; false if work has taken it.</summary>
    public bool TryTakeBack(LinkedListNode<NpgsqlConnection> held)
    {
        lock (_gate)
        {
            if (held.List is null)
                return false;
            _held.Remove(held);
            return true;
        }
    }

    /// <summary>
    /// True if the connection answered a moment ago. Another one may have been ended by the server meanwhile, which is
    /// found out before any work is sent on it.
    /// </summary>
    public bool IsFresh(NpgsqlConnection connection) =>
        _usedAt.TryGetValue(connection.ProcessID, out var usedAt) && Stopwatch.GetElapsedTime(usedAt) < _options.FreshFor;

    /// <summary>
    /// Returns a connection of work. The pool does not reset it: that would forget the prepared statements, for every
    /// branch anew. So a session in which something may be left is reset here.
    /// </summary>
    public async Task ReturnAsync(NpgsqlConnection connection, bool leftTraces)
    {
        try
        {
            if (leftTraces && connection.State == ConnectionState.Open)
            {
                await Batch.ExecuteAsync(connection, _resetTimeout, CancellationToken.None, "ROLLBACK");
                connection.UnprepareAll();
                await Batch.ExecuteAsync(connection, _resetTimeout, CancellationToken.None, "DISCARD ALL");
                await SetUpAsync(connection);
            }

            if (connection.State == ConnectionState.Open)
                _usedAt[connection.ProcessID] = Stopwatch.GetTimestamp();
        }
        catch (Exception failure) when (failure is DbException or InvalidOperationException)
        {
            // It cannot be made clean: no connection that is open now is used again.
            _work.Clear();
        }
        finally
        {
            await connection.DisposeAsync();
            lock (_gate)
                _wanted--;
        }
    }

    /// <summary>
    /// Runs something on a connection of phase 2, once more on a fresh one if it broke: after a restart of the server the
    /// pool is full of dead connections. What runs must bear being run twice; every command of phase 2 does.
    /// </summary>
    public Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellationToken) =>
        RunAsync(held: null, run, cancellationToken);

    /// <summary>As above, at first on a connection that a branch still holds, if there is one.</summary>
    public async Task<T> RunAsync<T>(NpgsqlConnection? held, Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellationToken)
    {
        try
        {
            if (held is not null)
                return await run(held);
        }
        catch (DbException failure) when (IsBroken(held, failure))
        {
            _work.Clear();
        }

        await using (var connection = await _phase2.OpenConnectionAsync(cancellationToken))
        {
            try
            {
                return await run(connection);
            }
            catch (DbException failure) when (IsBroken(connection, failure))
            {
                _phase2.Clear();
            }
        }

        await using var fresh = await _phase2.OpenConnectionAsync(cancellationToken);
        return await run(fresh);
    }

    /// <summary>True if the connection broke without a time limit having passed; forgets the other unused ones of work.</summary>
    public bool ForgetIfBroken(NpgsqlConnection connection, DbException failure)
    {
        if (!IsBroken(connection, failure))
            return false;
        _work.Clear();
        _usedAt.Clear();
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        List<NpgsqlConnection> held;
        lock (_gate)
        {
            held = [.. _held];
            _held.Clear();
        }

        foreach (var connection in held)
            await connection.DisposeAsync();
        await _work.DisposeAsync();
        await _phase2.DisposeAsync();
    }

    private static bool IsBroken(NpgsqlConnection? connection, DbException failure) =>
        connection?.State != ConnectionState.Open
        && failure.InnerException is not TimeoutException
        && ErrorClassifier.Classify(failure).Answer == Answer.Unknown;

    // Null unless all connections are out and one of them is held by a branch that is prepared.
    private NpgsqlConnection? Want()
    {
        lock (_gate)
        {
            if (++_wanted <= _options.WorkPoolSize || _held.First is not { } oldest)
                return null;
            _held.Remove(oldest);
            return oldest.Value;
        }
    }

    private async Task SetUpAsync(NpgsqlConnection connection)
    {
        var session = (await Batch.QueryAsync(connection, _resetTimeout, CancellationToken.None, SessionStatements.Remember))[0][0];
        // A pooler makes up a process id of its own.
        if (session[0] == connection.ProcessID.ToString(CultureInfo.InvariantCulture))
            await SessionStatements.PrepareAsync(connection);
        _usedAt[connection.ProcessID] = Stopwatch.GetTimestamp();
    }

    private static NpgsqlDataSourceBuilder CreateBuilder(PostgresOptions options, int poolSize, TimeSpan timeout, string purpose)
    {
        var text = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            // An ambient TransactionScope must not enlist what the branch already is.
            Enlist = false,
            Pooling = true,
            NoResetOnClose = true,
            MaxPoolSize = poolSize,
            Timeout = WholeSeconds(options.ConnectTimeout),
            CommandTimeout = WholeSeconds(timeout),
        };
        // Without room for prepared statements the driver does not look for those that were prepared by hand; the work's
        // own are never prepared unless the connection string says so.
        if (text.MaxAutoPrepare == 0)
        {
            text.MaxAutoPrepare = 1;
            text.AutoPrepareMinUsages = int.MaxValue;
        }

        text.ApplicationName ??= $"coordinator {purpose}";
        return new NpgsqlDataSourceBuilder(text.ConnectionString);
    }

    private static int WholeSeconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));
}
