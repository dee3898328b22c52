using System.Diagnostics;
using Coordinator.Engine;
using Microsoft.Extensions.Logging;

namespace Coordinator.Log;

/// <summary>
/// The one thread that touches the store. It takes all that has arrived, writes it in one durable batch, acknowledges,
/// and takes what has arrived meanwhile: so batches grow with the load (see also <see cref="Gathering"/>), and an idle log
/// writes at once.
/// </summary>
/// <remarks>
/// The first exception of a write makes the whole log unknown (R4): those who wait, and all who come, get
/// <see cref="LogOutcomeUnknownException"/> until a reopening has succeeded. Nothing is tried twice.
/// </remarks>
internal sealed class LogWriter : IAsyncDisposable
{
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LogStore _store;
    private readonly SqliteLogOptions _options;
    private readonly LogMetrics _metrics;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _places;
    private readonly Thread _thread;
    private readonly List<PendingWrite> _batch = [];
    private readonly WriteQueue _queue;
    private List<object> _taken = [];
    private long? _lazySince;
    private bool _isBatchForced;
    private long _markForcedAt = Stopwatch.GetTimestamp();
    private long _end;
    private volatile Exception? _failure;

    public LogWriter(LogStore store, SqliteLogOptions options, LogMetrics metrics, ILogger logger)
    {
        _store = store;
        _options = options;
        _metrics = metrics;
        _logger = logger;
        _places = new SemaphoreSlim(options.MaxQueue);
        _queue = new WriteQueue(options);
        Publish();
        _thread = new Thread(Run) { Name = "Coordinator log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>As of the last answer that this thread gave.</summary>
    public Horizon? Horizon => _store.Horizon;

    /// <summary>A consistent copy of the counters, made after each batch.</summary>
    public LogStatistics Statistics => _metrics.Statistics;

    public long End => Interlocked.Read(ref _end);

    /// <summary>Queues a write; ends once it is queued, which waits while the queue is full.</summary>
    public async Task EnqueueAsync(PendingWrite write)
    {
        ThrowIfFailed();
        await _places.WaitAsync().ConfigureAwait(false);
        if (!_queue.TryAdd(write))
        {
            _places.Release();
            throw new ObjectDisposedException(nameof(SqliteTransactionLog));
        }
    }

    /// <summary>Runs something on the writer's thread, after all writes that were queued before.</summary>
    public Task<T> RunAsync<T>(Func<LogStore, T> work, bool whenFailed = false)
    {
        var request = new Work<T>(work, whenFailed);
        ObjectDisposedException.ThrowIf(!_queue.TryAdd(request), typeof(SqliteTransactionLog));
        return request.Done;
    }

    /// <summary>Writes what is queued, closes the store and ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Stop();
        await _stopped.Task.ConfigureAwait(false);
        _places.Dispose();
    }

    private void Run()
    {
        var isLast = false;
        while (!isLast)
        {
            isLast = _queue.TakeAll(ref _taken, UntilDue(), isLazyKnown: _lazySince is not null && _failure is null, gathers: _failure is null);
            foreach (var request in _taken)
            {
                if (request is PendingWrite write)
                    Add(write);
            }

            if (_isBatchForced || isLast || IsLazyDue())
                WriteBatch();
            foreach (var request in _taken)
            {
                if (request is IWork work)
                    Run(work);
            }

            _taken.Clear();
            TendMark();
        }

        Stop();
    }

    private void Add(PendingWrite write)
    {
        if (_failure is not null)
        {
            _places.Release();
            Refuse(write);
            return;
        }

        _batch.Add(write);
        _isBatchForced |= write.IsForced;
        if (!write.IsForced)
            _lazySince ??= Stopwatch.GetTimestamp();
        if (_batch.Count >= _options.MaxBatch)
            WriteBatch();
    }

    private void WriteBatch()
    {
        if (_batch.Count == 0)
            return;
        try
        {
            if (_failure is not null)
                throw Unknown();
            _store.Write(_batch);
            Publish();
            foreach (var write in _batch)
                write.Acknowledge();
        }
#pragma warning disable CA1031 // The edge of the writer's loop: whatever went wrong, the outcome is unknown.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
            foreach (var write in _batch)
                Refuse(write);
        }

        _places.Release(_batch.Count);
        _batch.Clear();
        _isBatchForced = false;
        _lazySince = null;
        // AFTER the acknowledgement, which need not wait for it.
        Guard(_store.CheckpointIfLarge);
    }

    private void Run(IWork work)
    {
        if (_failure is not null && !work.RunsWhenFailed)
        {
            work.Fail(Unknown());
            return;
        }

        try
        {
            work.Execute(_store);
            _failure = null;
        }
#pragma warning disable CA1031 // The edge of the writer's loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
            work.Fail(e is LogRefusedException ? e : Unknown());
            return;
        }

        Publish();
        work.Acknowledge();
    }

    /// <summary>Forces the mark once its interval is over, also when nothing more arrives.</summary>
    private void TendMark()
    {
        if (_failure is not null || !_store.IsMarkUnforced || Stopwatch.GetElapsedTime(_markForcedAt) < _options.MarkInterval)
            return;
        Guard(_store.ForceMark);
        Publish();
        _markForcedAt = Stopwatch.GetTimestamp();
    }

    private void Guard(Action action)
    {
        if (_failure is not null)
            return;
        try
        {
            action();
        }
#pragma warning disable CA1031 // The edge of the writer's loop.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
        }
    }

    private void Fail(Exception e)
    {
        if (_failure is not null)
            return;
        _failure = e;
        _store.Close();
        Messages.LogFailed(_logger, _options.Path, e);
    }

    private void Refuse(PendingWrite write)
    {
        // A lazy one was promised nothing, and nobody waits for it.
        if (write.IsForced)
            write.Fail(Unknown());
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
            throw Unknown();
    }

    private LogOutcomeUnknownException Unknown() =>
        new($"Whether it was written to the log {_options.Path} is unknown: {_failure?.Message}", _failure);

    private bool IsLazyDue() => _lazySince is { } since && Stopwatch.GetElapsedTime(since) >= _options.LazyDelay;

    private TimeSpan UntilDue()
    {
        var until = Timeout.InfiniteTimeSpan;
        if (_failure is not null)
            return until;
        if (_lazySince is { } since)
            until = Left(_options.LazyDelay - Stopwatch.GetElapsedTime(since));
        if (_store.IsMarkUnforced)
        {
            var mark = Left(_options.MarkInterval - Stopwatch.GetElapsedTime(_markForcedAt));
            until = until < TimeSpan.Zero || mark < until ? mark : until;
        }

        return until;
    }

    private static TimeSpan Left(TimeSpan left) => left < TimeSpan.Zero ? TimeSpan.Zero : left;

    private void Publish()
    {
        Interlocked.Exchange(ref _end, _store.End);
        _metrics.Statistics = new LogStatistics(
            _store.Records, _store.ForcedWrites, _store.Bytes, _store.MarkForces, _store.Checkpoints);
    }

    private void Stop()
    {
        Guard(_store.Finish);
        _store.Dispose();
        _stopped.SetResult();
    }
}
