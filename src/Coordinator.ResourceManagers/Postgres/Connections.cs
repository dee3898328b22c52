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

    public Connections(PostgresOptions options)
    {
        _options = options;
        _work = CreateBuilder(options, options.WorkPoolSize, options.WorkTimeout, "work")
            .UsePhysicalConnectionInitializer(connection => SetUpAsync(connection).GetAwaiter().GetResult(), SetUpAsync)
            .Build();
        _phase2 = CreateBuilder(options, options.Phase2PoolSize, options.Phase2Timeout, "phase 2").Build();
    }

    public ValueTask<NpgsqlConnection> OpenForWorkAsync(CancellationToken cancellationToken) =>
        _work.OpenConnectionAsync(cancellationToken);

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
        }
    }

    /// <summary>
    /// Runs something on a connection of phase 2, once more on a fresh one if it broke: after a restart of the server the
    /// pool is full of dead connections. What runs must bear being run twice; every command of phase 2 does.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellationToken)
    {
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
        await _work.DisposeAsync();
        await _phase2.DisposeAsync();
    }

    private static bool IsBroken(NpgsqlConnection connection, DbException failure) =>
        connection.State != ConnectionState.Open
        && failure.InnerException is not TimeoutException
        && ErrorClassifier.Classify(failure).Answer == Answer.Unknown;

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
