using System.Data;
using System.Data.Common;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// Two pools on one database. Phase 2 has its own, which work can never exhaust: a commit that waits behind work that
/// waits for the commit's locks would wait for ever.
/// </summary>
internal sealed class Connections(PostgresOptions options) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _work = Create(options, options.WorkPoolSize, options.WorkTimeout, "work");
    private readonly NpgsqlDataSource _phase2 = Create(options, options.Phase2PoolSize, options.Phase2Timeout, "phase 2");

    public ValueTask<NpgsqlConnection> OpenForWorkAsync(CancellationToken cancellationToken) =>
        _work.OpenConnectionAsync(cancellationToken);

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

    private static NpgsqlDataSource Create(PostgresOptions options, int poolSize, TimeSpan timeout, string purpose)
    {
        var text = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            // An ambient TransactionScope must not enlist what the branch already is.
            Enlist = false,
            Pooling = true,
            MaxPoolSize = poolSize,
            Timeout = WholeSeconds(options.ConnectTimeout),
            CommandTimeout = WholeSeconds(timeout),
        };
        text.ApplicationName ??= $"coordinator {purpose}";
        return NpgsqlDataSource.Create(text);
    }

    private static int WholeSeconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));
}
