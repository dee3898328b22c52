using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Coordinator.Participant.Hosting;

/// <summary>Exports the host's spans, and those of its driver, if an endpoint is configured.</summary>
internal static class HostTracing
{
    public static void Add(IServiceCollection services, ParticipantHostOptions host)
    {
        if (host.OtlpEndpoint is not { } endpoint)
            return;
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService($"participant-{host.Name}").AddEnvironmentVariableDetector())
            .WithTracing(tracing => tracing
                .AddSource(ParticipantTracing.SourceName, "Npgsql", "MySqlConnector")
                .AddAspNetCoreInstrumentation(requests => requests.Filter = context => context.Request.Path != "/health")
                .AddOtlpExporter(exporter => exporter.Endpoint = endpoint));
    }
}
