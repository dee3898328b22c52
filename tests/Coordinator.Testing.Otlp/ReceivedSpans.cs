using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Resource.V1;
using OpenTelemetry.Proto.Trace.V1;

namespace Coordinator.Testing.Otlp;

/// <summary>One span.</summary>
/// <param name="Resource">The process that sent it.</param>
/// <param name="Source">The activity source's name.</param>
/// <param name="Span">With its attributes, events and links.</param>
public sealed record ReceivedSpan(Resource Resource, string Source, Span Span)
{
    /// <summary>As W3C's traceparent writes it: 32 lower hexadecimal digits.</summary>
    public string TraceId => Convert.ToHexStringLower(Span.TraceId.Span);

    public string SpanId => Convert.ToHexStringLower(Span.SpanId.Span);

    /// <summary>Empty at the root of a trace.</summary>
    public string ParentSpanId => Convert.ToHexStringLower(Span.ParentSpanId.Span);
}

/// <summary>The spans that arrived, in the order in which they did.</summary>
public sealed class ReceivedSpans
{
    private readonly Lock _gate = new();
    private readonly List<ReceivedSpan> _spans = [];

    public IReadOnlyList<ReceivedSpan> All
    {
        get
        {
            lock (_gate)
                return [.. _spans];
        }
    }

    /// <summary>All that arrived of one trace, from each process.</summary>
    public IReadOnlyList<ReceivedSpan> OfTrace(string traceId) => [.. All.Where(span => span.TraceId == traceId)];

    internal void Add(ExportTraceServiceRequest request)
    {
        var spans =
            from resource in request.ResourceSpans
            from scope in resource.ScopeSpans
            from span in scope.Spans
            select new ReceivedSpan(resource.Resource, scope.Scope.Name, span);
        lock (_gate)
            _spans.AddRange(spans);
    }
}
