using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Coordinator.Server;

/// <summary>One metric with its series, summed up as its instrument's kind asks for.</summary>
internal sealed class MetricFamily(Instrument instrument, int maxSeries)
{
    private const string Overflow = "overflow=\"true\"";

    // Seconds: from a call on loopback to a transaction that waited for its deadline.
    private static readonly double[] Bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly string _name = FullNameOf(instrument);
    private readonly bool _isHistogram = IsOfType(instrument, typeof(Histogram<>));

    // Observable ones tell their value, the others a change of it.
    private readonly bool _isTold = instrument.IsObservable || IsOfType(instrument, typeof(Gauge<>));

    /// <summary>A name that Prometheus takes: letters, digits and underscores.</summary>
    public static string NameOf(string name) =>
        string.Create(name.Length, name, (span, text) =>
        {
            for (var i = 0; i < text.Length; i++)
                span[i] = char.IsAsciiLetterOrDigit(text[i]) ? text[i] : '_';
        });

    public void Record(string labels, double value)
    {
        if (!_series.TryGetValue(labels, out var series))
        {
            var key = _series.Count < maxSeries ? labels : Overflow;
            if (!_series.TryGetValue(key, out series))
                _series.Add(key, series = new Series(_isHistogram ? Bounds.Length : 0));
        }

        series.Sum = _isTold ? value : series.Sum + value;
        series.Count++;
        for (var i = 0; i < series.Buckets.Length; i++)
        {
            if (value <= Bounds[i])
                series.Buckets[i]++;
        }
    }

    public void Write(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {_name} {instrument.Description}\n# TYPE {_name} {TypeName()}\n");
        foreach (var (labels, series) in _series)
        {
            if (_isHistogram)
                WriteHistogram(text, labels, series);
            else
                text.Append(CultureInfo.InvariantCulture, $"{_name}{Braced(labels)} {series.Sum}\n");
        }
    }

    private void WriteHistogram(StringBuilder text, string labels, Series series)
    {
        var before = labels.Length > 0 ? labels + "," : "";
        for (var i = 0; i < Bounds.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"{_name}_bucket{{{before}le=\"{Bounds[i]}\"}} {series.Buckets[i]}\n");
        text.Append(CultureInfo.InvariantCulture, $"{_name}_bucket{{{before}le=\"+Inf\"}} {series.Count}\n");
        text.Append(CultureInfo.InvariantCulture, $"{_name}_sum{Braced(labels)} {series.Sum}\n");
        text.Append(CultureInfo.InvariantCulture, $"{_name}_count{Braced(labels)} {series.Count}\n");
    }

    private string TypeName()
    {
        if (_isHistogram)
            return "histogram";
        return IsCounter(instrument) ? "counter" : "gauge";
    }

    private static string Braced(string labels) => labels.Length > 0 ? $"{{{labels}}}" : "";

    private static string FullNameOf(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        return NameOf(instrument.Name) + unit + (IsCounter(instrument) ? "_total" : "");
    }

    private static bool IsCounter(Instrument instrument) =>
        IsOfType(instrument, typeof(Counter<>)) || IsOfType(instrument, typeof(ObservableCounter<>));

    private static bool IsOfType(Instrument instrument, Type type) =>
        instrument.GetType() is { IsGenericType: true } actual && actual.GetGenericTypeDefinition() == type;

    private sealed class Series(int buckets)
    {
        public double Sum { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
