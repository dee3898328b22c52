using System.Diagnostics.Metrics;

namespace Coordinator.Log;

/// <summary>
/// What an embedded log has done since it was opened, as <see cref="Meter"/> instruments too. Read now and then, never
/// told: nothing of it is on a record's way.
/// </summary>
public sealed class LogMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Coordinator.Log";

    private readonly Meter _meter = new(MeterName);
    private long _records;
    private long _forcedWrites;
    private long _bytes;
    private long _markForces;
    private long _checkpoints;

    internal LogMetrics()
    {
        Add("coordinator.log.records", "{record}", "Records written.", () => Records);
        Add("coordinator.log.forced_writes", "{write}", "Durable writes, one a batch: each forces the write-ahead file.", () => ForcedWrites);
        Add("coordinator.log.size_written", "By", "Bytes of records written.", () => Bytes);
        Add("coordinator.log.mark_forces", "{write}", "Times that the high-water mark was forced.", () => MarkForces);
        Add("coordinator.log.checkpoints", "{checkpoint}", "Times that the write-ahead file was copied back; each forces both files.", () => Checkpoints);
    }

    /// <summary>Records written.</summary>
    public long Records => Interlocked.Read(ref _records);

    /// <summary>Durable writes, one a batch: each forces the write-ahead file once.</summary>
    public long ForcedWrites => Interlocked.Read(ref _forcedWrites);

    /// <summary>Bytes of records written.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Times that the high-water mark was forced: at most once an interval.</summary>
    public long MarkForces => Interlocked.Read(ref _markForces);

    /// <summary>Times that the write-ahead file was copied back into the log's file; each forces both.</summary>
    public long Checkpoints => Interlocked.Read(ref _checkpoints);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void Publish(LogStore store)
    {
        Interlocked.Exchange(ref _records, store.Records);
        Interlocked.Exchange(ref _forcedWrites, store.ForcedWrites);
        Interlocked.Exchange(ref _bytes, store.Bytes);
        Interlocked.Exchange(ref _markForces, store.MarkForces);
        Interlocked.Exchange(ref _checkpoints, store.Checkpoints);
    }

    private void Add(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableCounter(name, read, unit, description);
}
