using System.Diagnostics.Metrics;
using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// What an embedded log has done since it was opened, as <see cref="Meter"/> instruments. They are read now and then and
/// never told: nothing of it is on a record's way.
/// </summary>
public sealed class LogMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Coordinator.Log";

    private readonly Meter _meter = new(MeterName);
    private volatile LogStatistics _statistics = new(0, 0, 0);

    internal LogMetrics()
    {
        Add("coordinator.log.records", "{record}", "Records written.", statistics => statistics.Records);
        Add("coordinator.log.forced_writes", "{write}", "Durable writes, one a batch: each forces the write-ahead file.", statistics => statistics.ForcedWrites);
        Add("coordinator.log.size_written", "By", "Bytes of records written.", statistics => statistics.Bytes);
        Add("coordinator.log.mark_forces", "{write}", "Times that the high-water mark was forced.", statistics => statistics.MarkForces);
        Add("coordinator.log.checkpoints", "{checkpoint}", "Times that the write-ahead file was copied back; each forces both files.", statistics => statistics.Checkpoints);
    }

    /// <summary>As of the last batch.</summary>
    public LogStatistics Statistics
    {
        get => _statistics;
        internal set => _statistics = value;
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Add(string name, string unit, string description, Func<LogStatistics, long> read) =>
        _meter.CreateObservableCounter(name, () => read(_statistics), unit, description);
}
