using System.Diagnostics.Metrics;

namespace Coordinator.Testing;

/// <summary>A meter factory whose observable instruments a test reads.</summary>
public sealed class MeasuredMeters : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    public Meter Create(MeterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    /// <summary>What a collection gets now; the key is the instrument's name and its labels' values, with spaces between.</summary>
    public IReadOnlyDictionary<string, double> Collect()
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument.Meter.Scope == this && instrument.IsObservable)
                to.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => values.Add(KeyOf(instrument, tags), value));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => values.Add(KeyOf(instrument, tags), value));
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }

    public void Dispose() => _meters.ForEach(meter => meter.Dispose());

    private static string KeyOf(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = instrument.Name;
        foreach (var tag in tags)
            key += $" {tag.Value}";
        return key;
    }
}
