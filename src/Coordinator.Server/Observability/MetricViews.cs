using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace Coordinator.Server;

/// <summary>How measurements are summed up: histogram bounds, and the limit on a metric's series.</summary>
internal static class MetricViews
{
    // Seconds: from a call on loopback to a transaction that waited for its deadline.
    private static readonly double[] Bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

    /// <param name="metrics">Whose views.</param>
    /// <param name="meters">This host's: meters are subscribed to by name, and another coordinator in the process has the same names.</param>
    /// <param name="maxSeries">Label combinations of one metric; further ones share the series labelled otel_metric_overflow.</param>
    public static void Add(MeterProviderBuilder metrics, IMeterFactory meters, int maxSeries) => metrics.AddView(instrument =>
    {
        // A meter of nobody's factory is .NET's own, or that of a log which the caller brought.
        if (instrument.Meter.Scope is IMeterFactory owner && owner != meters)
            return MetricStreamConfiguration.Drop;
        return instrument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Histogram<>)
            ? new ExplicitBucketHistogramConfiguration { Boundaries = Bounds, CardinalityLimit = maxSeries }
            : new MetricStreamConfiguration { CardinalityLimit = maxSeries };
    });
}
