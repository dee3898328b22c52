using System.Diagnostics;

namespace Coordinator.Log;

/// <summary>What waits for the writer's thread, and when that thread has to wake up for it.</summary>
internal sealed class WriteQueue(SqliteLogOptions options)
{
    private readonly object _gate = new();
    private readonly Gathering _gathering = new();
    private List<object> _queue = [];
    private int _decisions;
    private int _decisionsAwaited;
    private bool _isUrgent;
    private bool _isLazyKnown;
    private bool _isStopped;

    /// <summary>False once it is stopped.</summary>
    public bool TryAdd(object request)
    {
        lock (_gate)
        {
            if (_isStopped)
                return false;
            _queue.Add(request);
            if (ShallWake(request))
                Monitor.Pulse(_gate);
        }

        return true;
    }

    /// <summary>From here on nothing is added.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits for requests, or for what is due without any, and takes all; true if nothing can follow.</summary>
    /// <param name="taken">An empty list, which what is queued takes the place of.</param>
    /// <param name="due">How long it waits at most while nothing is queued.</param>
    /// <param name="isLazyKnown">True if that counts lazy records in: further ones need wake nobody.</param>
    /// <param name="gathers">False if nothing will be written, and so nothing is to be waited for.</param>
    public bool TakeAll(ref List<object> taken, TimeSpan due, bool isLazyKnown, bool gathers)
    {
        lock (_gate)
        {
            if (_queue.Count == 0 && !_isStopped)
            {
                _isLazyKnown = isLazyKnown;
                Monitor.Wait(_gate, due);
            }

            if (gathers)
                Gather();
            (_decisions, _isUrgent) = (0, false);
            (_queue, taken) = (taken, _queue);
            return _isStopped;
        }
    }

    private bool ShallWake(object request)
    {
        if (request is PendingWrite { IsEnd: true })
            _gathering.End();
        if (request is PendingWrite { Decision: not null })
            return ++_decisions >= _decisionsAwaited;
        if (request is PendingWrite { IsForced: false })
        {
            // The writer wakes up by itself for lazy records once it knows of one.
            var wasKnown = _isLazyKnown;
            _isLazyKnown = true;
            return !wasKnown;
        }

        return _isUrgent = true;
    }

    /// <summary>Waits for the decisions that are likely to follow soon; not if anything else is queued that somebody waits for.</summary>
    private void Gather()
    {
        if (_decisions == 0)
            return;
        var started = Stopwatch.GetTimestamp();
        _decisionsAwaited = Math.Min(_gathering.Target, options.MaxBatch);
        while (_decisions < _decisionsAwaited && !_isUrgent && !_isStopped
            && options.GatherFor - Stopwatch.GetElapsedTime(started) is var left && left > TimeSpan.Zero)
        {
            // Whole milliseconds: what is left of one would be no wait at all.
            Monitor.Wait(_gate, (int)Math.Ceiling(left.TotalMilliseconds));
        }

        if (_decisions >= _decisionsAwaited || !_isUrgent)
            _gathering.Learn(_decisionsAwaited, _decisions);
        _gathering.Decide(_decisions);
        _decisionsAwaited = 0;
    }
}
