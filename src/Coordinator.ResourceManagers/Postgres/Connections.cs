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

    public ValueTask<NpgsqlConnection> OpenForPhase2Async(CancellationToken cancellationToken) =>
        _phase2.OpenConnectionAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _work.DisposeAsync();
        await _phase2.DisposeAsync();
    }

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
