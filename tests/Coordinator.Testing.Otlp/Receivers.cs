using Grpc.Core;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Coordinator.Testing.Otlp;

internal sealed class MetricsReceiver(ReceivedMetrics received) : MetricsService.MetricsServiceBase
{
    public override Task<ExportMetricsServiceResponse> Export(ExportMetricsServiceRequest request, ServerCallContext context)
    {
        received.Add(request);
        return Task.FromResult(new ExportMetricsServiceResponse());
    }
}

internal sealed class TraceReceiver(ReceivedSpans received) : TraceService.TraceServiceBase
{
    public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context)
    {
        received.Add(request);
        return Task.FromResult(new ExportTraceServiceResponse());
    }
}
