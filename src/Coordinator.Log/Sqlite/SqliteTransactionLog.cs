using System.Diagnostics.Metrics;
using Coordinator.Engine;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Log;

/// <summary>
/// The embedded log: a SQLite file of one coordinator, with a checksum chained from record to record and a high-water
/// mark beside it. README.md tells the design.
/// </summary>
public sealed class SqliteTransactionLog : ITransactionLog
{
    private readonly SqliteLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _snapshots = new(1);
    private readonly LogMetrics _metrics;
    private LogWriter? _writer;
    private bool _isDisposed;

    /// <summary>Touches nothing yet; see <see cref="OpenAsync"/>.</summary>
    /// <param name="options">Where the log lies, and its limits.</param>
    /// <param name="time">For the times of epochs and horizons; null: the system's.</param>
    /// <param name="logger">Null: none.</param>
    /// <param name="meters">The host's; null: the log owns its meter.</param>
    public SqliteTransactionLog(
        SqliteLogOptions options, TimeProvider? time = null, ILogger<SqliteTransactionLog>? logger = null, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger<SqliteTransactionLog>.Instance;
        _metrics = new LogMetrics(options.Path, _time, meters);
    }

    /// <inheritdoc/>
    public long DurableEnd => Writer.End;

    /// <inheritdoc/>
    public LogStatistics Statistics => Writer.Statistics;

    private LogWriter Writer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _writer ?? throw new InvalidOperationException("The log has not been opened.");
        }
    }

    /// <inheritdoc/>
    public async Task<OpenedLog> OpenAsync(IIdSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_writer is not null)
            throw new InvalidOperationException("The log is open already.");
        var (store, opened) = await Task.Run(() => Open(random)).ConfigureAwait(false);
        _writer = new LogWriter(store, _options, _metrics, _logger);
        Messages.LogOpened(_logger, _options.Path, opened.Cluster, opened.Epoch, opened.End, opened.Unfinished.Count);
        return opened;
    }

    /// <inheritdoc/>
    public async Task<OpenedLog> ReopenAsync()
    {
        var opened = await Writer.RunAsync(store => store.Reopen(), whenFailed: true).ConfigureAwait(false);
        Messages.LogReopened(_logger, _options.Path, opened.End, opened.Unfinished.Count);
        return opened;
    }

    /// <inheritdoc/>
    public async Task<DecisionRecord> DecideAsync(DecisionRecord decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        var write = new PendingWrite(decision, Durability.Forced);
        await Writer.EnqueueAsync(write).ConfigureAwait(false);
        return (await write.Done.ConfigureAwait(false))!;
    }

    /// <inheritdoc/>
    public async Task AppendAsync(LogRecord record, Durability durability)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record is DecisionRecord)
            throw new ArgumentException($"A decision is written by {nameof(DecideAsync)}: the first one stands (R2).", nameof(record));
        var write = new PendingWrite(record, durability);
        await Writer.EnqueueAsync(write).ConfigureAwait(false);
        if (durability == Durability.Forced)
            await write.Done.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<DecisionRecord?> FindDecisionAsync(TransactionId transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return Writer.RunAsync(store => store.FindDecision(transaction));
    }

    /// <inheritdoc/>
    public Task<DecisionRecord?> FindByIdempotencyKeyAsync(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return Writer.RunAsync(store => store.FindByIdempotencyKey(key));
    }

    /// <inheritdoc/>
    public Horizon? Horizon => Writer.Horizon;

    /// <inheritdoc/>
    public async Task<TrimResult> TrimAsync(DateTimeOffset endedBefore)
    {
        var total = 0;
        Horizon? horizon;
        while (true)
        {
            // One piece at a time: decisions that arrive meanwhile are written in between.
            (var trimmed, horizon) = await Writer.RunAsync(store => (store.Trim(endedBefore), store.Horizon)).ConfigureAwait(false);
            if (trimmed == 0)
                break;
            total += trimmed;
        }

        while (total > 0 && await Writer.RunAsync(store => store.Shrink()).ConfigureAwait(false))
        {
        }

        if (total > 0)
            Messages.LogTrimmed(_logger, _options.Path, total, endedBefore);
        return new TrimResult(total, horizon);
    }

    /// <summary>
    /// Copies the log to a new file while it goes on. To use the copy: put it in the log's place, without the log's
    /// <c>-wal</c> file, and declare it (<see cref="LogInspector.DeclareRestoredAsync"/>).
    /// </summary>
    /// <returns>The position of the last record in the copy.</returns>
    /// <exception cref="IOException">The destination exists or cannot be written; the log is not touched by that.</exception>
    public async Task<long> BackupAsync(string destination, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(destination);
        var writer = Writer;
        using var backup = new LogBackup(destination);
        bool isOver;
        long end;
        do
        {
            // Its source is let go of on the source's own thread.
            (isOver, end) = await writer.RunAsync(store =>
            {
                if (!cancellationToken.IsCancellationRequested)
                    return (store.StepBackup(backup), store.End);
                store.AbandonBackup(backup);
                return (true, store.End);
            }).ConfigureAwait(false);
        }
        while (!isOver);
        cancellationToken.ThrowIfCancellationRequested();
        backup.Finish();
        return end;
    }

    /// <summary>
    /// Makes a copy beside the log for somebody who is to read it from a stream; the copy is gone once the stream is closed.
    /// </summary>
    /// <returns>The copy and the position of its last record.</returns>
    /// <exception cref="IOException">The copy cannot be written, or there is not twice the room that it takes: a log on a full disk decides nothing.</exception>
    public async Task<(Stream Copy, long End)> SnapshotAsync(CancellationToken cancellationToken)
    {
        var paths = new LogPaths(_options.Path);
        await _snapshots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            CheckRoom(paths);
            var end = await BackupAsync(paths.Snapshot, cancellationToken).ConfigureAwait(false);
            return (new FileStream(paths.Snapshot, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), end);
        }
        finally
        {
            // The stream keeps the content, so a process that is killed leaves nothing behind.
            File.Delete(paths.Snapshot);
            _snapshots.Release();
        }
    }

    /// <summary>Writes what is queued and lets go of the log.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (_writer is not null)
            await _writer.DisposeAsync().ConfigureAwait(false);
        _snapshots.Dispose();
        _metrics.Dispose();
    }

    private static void CheckRoom(LogPaths paths)
    {
        var size = new FileInfo(paths.Log).Length;
        var free = new DriveInfo(paths.Folder).AvailableFreeSpace;
        if (free < 2 * size)
            throw new IOException($"The log takes {size} bytes; a copy beside it is made only with twice that free, but {free} are.");
    }

    private (LogStore Store, OpenedLog Opened) Open(IIdSource random)
    {
        try
        {
            var store = LogStore.Open(_options, _time, random, out var opened);
            return (store, opened);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new LogRefusedException($"The log {_options.Path} cannot be opened: {e.Message}", e);
        }
    }
}
