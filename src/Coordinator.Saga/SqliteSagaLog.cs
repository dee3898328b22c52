using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Coordinator.Saga;

/// <summary>
/// A saga log in one SQLite file (write-ahead, synchronous FULL, locked against other processes), with group commit:
/// what arrives while one batch is being forced goes into the next, and what needs no force rides along.
/// </summary>
public sealed class SqliteSagaLog : ISagaLog
{
    private const int QueueLimit = 10_000;
    private const string Schema =
        "CREATE TABLE IF NOT EXISTS saga (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, definition TEXT NOT NULL, "
        + "input TEXT NOT NULL, state INTEGER NOT NULL, next INTEGER NOT NULL, reason TEXT)";

    private readonly SqliteConnection _connection;
    private readonly Channel<Write> _queue = Channel.CreateBounded<Write>(QueueLimit);
    private readonly Task _writer;
    private volatile SagaLogException? _failure;

    private SqliteSagaLog(SqliteConnection connection)
    {
        _connection = connection;
        _writer = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Opens the log, or makes it; its folder is there.</summary>
    /// <exception cref="SagaLogException">In use by another process, or no saga log.</exception>
    public static SqliteSagaLog Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            connection.Open();
            foreach (var statement in new[] { "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", Schema })
                Execute(connection, statement);
            return new SqliteSagaLog(connection);
        }
        catch (SqliteException failure)
        {
            connection.Dispose();
            throw new SagaLogException($"The saga log {path} cannot be opened: {failure.Message}", failure);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SagaProgress>> ReadAllAsync()
    {
        var all = new List<SagaProgress>();
        await EnqueueAsync(
            () =>
            {
                using var command = _connection.CreateCommand();
                command.CommandText = "SELECT id, definition, input, state, next, reason FROM saga ORDER BY number";
                using var reader = command.ExecuteReader();
                while (reader.Read())
                {
                    all.Add(new SagaProgress(
                        reader.GetString(0), reader.GetString(1), reader.GetString(2), (SagaState)reader.GetInt32(3), reader.GetInt32(4),
                        reader.IsDBNull(5) ? null : reader.GetString(5)));
                }
            },
            wait: true).ConfigureAwait(false);
        return all;
    }

    /// <inheritdoc/>
    public Task WriteAsync(SagaProgress progress, bool force)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return EnqueueAsync(
            () => Execute(
                _connection,
                "INSERT INTO saga (id, definition, input, state, next, reason) VALUES ($id, $definition, $input, $state, $next, $reason) "
                + "ON CONFLICT (id) DO UPDATE SET state = excluded.state, next = excluded.next, reason = excluded.reason",
                ("$id", progress.Id), ("$definition", progress.Definition), ("$input", progress.Input),
                ("$state", (int)progress.State), ("$next", progress.Next), ("$reason", progress.Reason)),
            wait: force);
    }

    /// <inheritdoc/>
    public Task RemoveAsync(string saga) =>
        EnqueueAsync(() => Execute(_connection, "DELETE FROM saga WHERE id = $id", ("$id", saga)), wait: false);

    /// <summary>Writes what is queued and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_queue.Writer.TryComplete())
        {
            await _writer.ConfigureAwait(false);
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task EnqueueAsync(Action apply, bool wait)
    {
        if (_failure is { } failed)
            throw failed;
        var done = wait ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        await _queue.Writer.WriteAsync(new Write(apply, done)).ConfigureAwait(false);
        if (done is not null)
            await done.Task.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var batch = new List<Write>();
        var lazy = new List<Write>();
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_queue.Reader.TryRead(out var write))
                (write.Done is null ? lazy : batch).Add(write);
            // Lazy writes wait for a forced one, as long as there are not too many of them.
            if (batch.Count == 0 && lazy.Count < QueueLimit / 10)
                continue;
            Apply([.. lazy, .. batch]);
            lazy.Clear();
            batch.Clear();
        }

        if (lazy.Count > 0)
            Apply(lazy);
    }

    private void Apply(List<Write> writes)
    {
        try
        {
            if (_failure is { } failed)
                throw failed;
            Execute(_connection, "BEGIN IMMEDIATE");
            foreach (var write in writes)
                write.Apply();
            Execute(_connection, "COMMIT");
            foreach (var write in writes)
                write.Done?.SetResult();
        }
        catch (Exception failure)
        {
            // After a failed write nobody knows what is on disk; only opening the log anew tells.
            _failure ??= failure as SagaLogException ?? new SagaLogException($"The saga log could not be written: {failure.Message}", failure);
            foreach (var write in writes)
                write.Done?.TrySetException(_failure);
        }
    }

    private static void Execute(SqliteConnection connection, string statement, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = statement;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        command.ExecuteNonQuery();
    }

    private sealed record Write(Action Apply, TaskCompletionSource? Done);
}
