using System.Data.Common;
using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Two pools on one database. Phase 2 has its own, which work can never exhaust: a commit that waits behind work that
/// waits for the commit's locks would wait for ever.
/// </summary>
internal sealed class Sessions : IAsyncDisposable
{
    public Sessions(MySqlOptions options, TimeProvider time)
    {
        Options = options;
        Time = time;
        Work = Create(options, "SET SESSION autocommit = 1", options.WorkPoolSize, options.WorkTimeout, time);
        Phase2 = Create(options, Phase2Setup(options), options.Phase2PoolSize, options.Phase2Timeout, time);
    }

    public MySqlOptions Options { get; }

    public TimeProvider Time { get; }

    public SessionPool Work { get; }

    private SessionPool Phase2 { get; }

    /// <summary>
    /// Runs something on a session of phase 2, once more on a fresh one if an unused one turned out to be dead. What runs
    /// must bear being run twice; every command of phase 2 does.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<Session, Task<T>> run, CancellationToken cancellationToken)
    {
        var (session, isFresh) = await Phase2.RentAsync(fresh: false, cancellationToken);
        try
        {
            return await RunAndReturnAsync(session, run);
        }
        catch (DbException failure) when (!isFresh && !session.IsUsable && ErrorClassifier.Classify(failure).Answer == Answer.Unknown)
        {
            (session, _) = await Phase2.RentAsync(fresh: true, cancellationToken);
            return await RunAndReturnAsync(session, run);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Work.DisposeAsync();
        await Phase2.DisposeAsync();
    }

    private async Task<T> RunAndReturnAsync<T>(Session session, Func<Session, Task<T>> run)
    {
        var reusable = false;
        try
        {
            var result = await run(session);
            reusable = true;
            return result;
        }
        finally
        {
            // After an exception nobody knows the session's state: an open transaction would break the next command.
            await Phase2.ReturnAsync(session, reusable);
        }
    }

    // READ COMMITTED: a locking read that finds nothing must leave no gap lock in the way of new branches.
    private static string Phase2Setup(MySqlOptions options)
    {
        var seconds = Math.Max(1, (int)options.Phase2LockTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return $"SET SESSION autocommit = 1, innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}; "
            + "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
    }

    private static SessionPool Create(MySqlOptions options, string setup, int size, TimeSpan commandTimeout, TimeProvider time) =>
        new(Driver.Configure(options.ConnectionString, options.ConnectTimeout, commandTimeout),
            setup, size, options.ConnectTimeout, options.IdleTimeout, time);
}
