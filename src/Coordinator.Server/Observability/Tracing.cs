using Coordinator.Engine;
using Microsoft.AspNetCore.Http;
using OpenTelemetry.Trace;

namespace Coordinator.Server;

/// <summary>The process's spans, exported by OTLP.</summary>
internal static class Tracing
{
    public static void Add(TracerProviderBuilder tracing, Uri endpoint) => tracing
        .AddSource(EngineTracing.SourceName, ServerTracing.SourceName)
        .AddAspNetCoreInstrumentation(requests => requests.Filter = IsCall)
        .AddOtlpExporter(exporter => exporter.Endpoint = endpoint);

    // Neither probes, nor streams that last as long as their participant or initiator does.
    private static bool IsCall(HttpContext context) =>
        HttpProtocol.IsHttp2(context.Request.Protocol)
        && !context.Request.Path.StartsWithSegments("/coordinator.v1.ParticipantService")
        && !context.Request.Path.StartsWithSegments("/coordinator.v1.InitiatorService");
}
