using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Metrics.V1;
using OpenTelemetry.Proto.Resource.V1;

namespace Coordinator.Testing.Otlp;

/// <summary>One metric of one export.</summary>
/// <param name="Resource">The process that sent it.</param>
/// <param name="Meter">The meter's name.</param>
/// <param name="Metric">With its data points.</param>
public sealed record ReceivedMetric(Resource Resource, string Meter, Metric Metric);

/// <summary>The metrics that arrived, in the order in which they did.</summary>
public sealed class ReceivedMetrics
{
    private readonly Lock _gate = new();
    private readonly List<ReceivedMetric> _metrics = [];

    public IReadOnlyList<ReceivedMetric> All
    {
        get
        {
            lock (_gate)
                return [.. _metrics];
        }
    }

    /// <summary>As of the last export that had it; null if none had.</summary>
    public ReceivedMetric? Last(string name) => All.LastOrDefault(metric => metric.Metric.Name == name);

    internal void Add(ExportMetricsServiceRequest request)
    {
        var metrics =
            from resource in request.ResourceMetrics
            from scope in resource.ScopeMetrics
            from metric in scope.Metrics
            select new ReceivedMetric(resource.Resource, scope.Scope.Name, metric);
        lock (_gate)
            _metrics.AddRange(metrics);
    }
}
