using OpenTelemetry.Trace;

namespace Coordinator.Participant.Hosting;

/// <summary>The host's spans, and those of its drivers, exported by OTLP.</summary>
internal static class HostTracing
{
    public static void Add(TracerProviderBuilder tracing, Uri endpoint) => tracing
        .AddSource(ParticipantTracing.SourceName, "Npgsql", "MySqlConnector")
        .AddAspNetCoreInstrumentation(requests => requests.Filter = context => context.Request.Path.Value is not ("/health" or "/metrics"))
        .AddOtlpExporter(exporter => exporter.Endpoint = endpoint);
}
