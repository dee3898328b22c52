using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Coordinator.Engine;
using Coordinator.Log;

namespace Coordinator.Server;

/// <summary>
/// The meters as Prometheus text. Written here because OpenTelemetry's Prometheus exporter is only published as a
/// preview, and the project uses released packages alone.
/// </summary>
internal sealed class PrometheusExport : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly int _maxSeries;

    /// <param name="maxSeries">Label combinations of one metric; further ones share a series labelled overflow.</param>
    public PrometheusExport(int maxSeries)
    {
        _maxSeries = maxSeries;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name is EngineMetrics.MeterName or LogMetrics.MeterName or ServerMetrics.MeterName or "System.Runtime")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>All metrics now, in the text format 0.0.4.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (_gate)
        {
            foreach (var family in _families.Values)
                family.Write(text);
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = LabelsOf(tags);
        lock (_gate)
        {
            if (!_families.TryGetValue(instrument.Name, out var family))
                _families.Add(instrument.Name, family = new MetricFamily(instrument, _maxSeries));
            family.Record(labels, value);
        }
    }

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
            return "";
        var labels = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            if (labels.Length > 0)
                labels.Append(',');
            labels.Append(MetricFamily.NameOf(key)).Append("=\"")
                .Append(Convert.ToString(value, CultureInfo.InvariantCulture)!
                    .Replace("\\", @"\\", StringComparison.Ordinal)
                    .Replace("\"", "\\\"", StringComparison.Ordinal)
                    .Replace("\n", "\\n", StringComparison.Ordinal))
                .Append('"');
        }

        return labels.ToString();
    }
}
