using System.Diagnostics.Metrics;

namespace Coordinator.Engine;

/// <summary>The engine's counters, for <c>coordctl status</c>, and the same as <see cref="Meter"/> instruments.</summary>
public sealed class EngineMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Coordinator.Engine";

    private readonly Meter _meter;
    private readonly Counter<long> _begunCounter;
    private readonly Counter<long> _finishedCounter;
    private readonly Counter<long> _heuristicCounter;
    private readonly Counter<long> _settledCounter;
    private readonly Histogram<double> _duration;
    private long _begun;
    private long _committed;
    private long _aborted;
    private long _heuristic;

    /// <param name="meters">Null: a meter of its own.</param>
    internal EngineMetrics(IMeterFactory? meters)
    {
        _meter = meters?.Create(MeterName) ?? new Meter(MeterName);
        _begunCounter = _meter.CreateCounter<long>("coordinator.transactions.begun", "{transaction}", "Transactions begun.");
        _finishedCounter = _meter.CreateCounter<long>("coordinator.transactions.finished", "{transaction}", "Transactions ended, by outcome.");
        _heuristicCounter = _meter.CreateCounter<long>("coordinator.branches.heuristic", "{branch}", "Branches that ended otherwise than decided.");
        _settledCounter = _meter.CreateCounter<long>("coordinator.recovery.settled", "{branch}", "Prepared branches that a scan finished.");
        _duration = _meter.CreateHistogram<double>("coordinator.transactions.duration", "s", "From Begin to the end of a transaction.");
    }

    public long Begun => Interlocked.Read(ref _begun);

    public long Committed => Interlocked.Read(ref _committed);

    public long Aborted => Interlocked.Read(ref _aborted);

    public long HeuristicBranches => Interlocked.Read(ref _heuristic);

    /// <summary>A factory's meter outlives the engine; from here on it says nothing of this one.</summary>
    public void Dispose()
    {
        IsDisposed = true;
        _meter.Dispose();
    }

    internal Meter Meter => _meter;

    internal bool IsDisposed { get; private set; }

    internal void BegunOne()
    {
        Interlocked.Increment(ref _begun);
        _begunCounter.Add(1);
    }

    internal void Finished(GlobalTransaction transaction, DateTimeOffset now)
    {
        if (transaction.State == TransactionState.Committed)
            Interlocked.Increment(ref _committed);
        else if (transaction.State == TransactionState.Aborted)
            Interlocked.Increment(ref _aborted);
        _finishedCounter.Add(1, new KeyValuePair<string, object?>("state", transaction.State.ToString()));
        _duration.Record((now - transaction.BegunAt).TotalSeconds);
    }

    internal void Heuristic()
    {
        Interlocked.Increment(ref _heuristic);
        _heuristicCounter.Add(1);
    }

    internal void Scanned(string participant, int settled)
    {
        if (settled > 0)
            _settledCounter.Add(settled, new KeyValuePair<string, object?>("participant", participant));
    }
}
