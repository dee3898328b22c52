using System.Diagnostics.Metrics;
using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// What an embedded log has done since it was opened, and the room that it has, as <see cref="Meter"/> instruments. They
/// are read now and then: nothing of it is on a record's way.
/// </summary>
public sealed class LogMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Coordinator.Log";

    private readonly Meter _meter;
    private readonly TimeProvider _time;
    private volatile LogStatistics _statistics = new(0, 0, 0);
    private volatile bool _isDisposed;
    private long _writtenAt;

    /// <param name="path">The log's file.</param>
    /// <param name="time">The log's clock.</param>
    /// <param name="meters">The host's; null: a meter of its own.</param>
    internal LogMetrics(string path, TimeProvider time, IMeterFactory? meters)
    {
        _meter = meters?.Create(MeterName) ?? new Meter(MeterName);
        _time = time;
        AddCounter("coordinator.log.records", "{record}", "Records written.", statistics => statistics.Records);
        AddCounter("coordinator.log.forced_writes", "{write}", "Durable writes, one a batch: each forces the write-ahead file.", statistics => statistics.ForcedWrites);
        AddCounter("coordinator.log.size_written", "By", "Bytes of records written.", statistics => statistics.Bytes);
        AddCounter("coordinator.log.mark_forces", "{write}", "Times that the high-water mark was forced.", statistics => statistics.MarkForces);
        AddCounter("coordinator.log.checkpoints", "{checkpoint}", "Times that the write-ahead file was copied back; each forces both files.", statistics => statistics.Checkpoints);
        var room = new LogRoom(new LogPaths(path));
        AddGauge("coordinator.log.size", "By", "Size of the log's files.", () => room.Size());
        AddGauge("coordinator.log.disk_free", "By", "Free space of the log's disk.", () => room.Free());
        AddGauge("coordinator.log.write_age", "s", "Since the last durable write.", SinceWrite);
    }

    /// <summary>As of the last batch.</summary>
    public LogStatistics Statistics
    {
        get => _statistics;
        internal set
        {
            if (value.ForcedWrites != _statistics.ForcedWrites)
                Interlocked.Exchange(ref _writtenAt, _time.GetTimestamp());
            _statistics = value;
        }
    }

    /// <summary>A factory's meter outlives the log; from here on it says nothing of this one.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _meter.Dispose();
    }

    private double? SinceWrite() => _statistics.ForcedWrites > 0
        ? _time.GetElapsedTime(Interlocked.Read(ref _writtenAt)).TotalSeconds
        : null;

    private void AddCounter(string name, string unit, string description, Func<LogStatistics, long> read) =>
        _meter.CreateObservableCounter(name, () => Observe<long>(() => read(_statistics)), unit, description);

    private void AddGauge(string name, string unit, string description, Func<double?> read) =>
        _meter.CreateObservableGauge(name, () => Observe(read), unit, description);

    private IEnumerable<Measurement<T>> Observe<T>(Func<T?> read)
        where T : struct
    {
        if (!_isDisposed && read() is { } value)
            yield return new Measurement<T>(value);
    }
}
