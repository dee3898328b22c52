using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Coordinator.Participant.Hosting;

/// <summary>OpenTelemetry of the ready-made host, all of it: what is collected, and where it goes.</summary>
internal static class HostTelemetry
{
    public static void Add(WebApplicationBuilder builder, ParticipantHostOptions host)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService($"participant-{host.Name}").AddEnvironmentVariableDetector())
            .WithMetrics(metrics => AddMetrics(metrics, host));
        // Without an endpoint nobody listens, and no span is made.
        if (host.OtlpEndpoint is { } endpoint)
            telemetry.WithTracing(tracing => HostTracing.Add(tracing, endpoint));
    }

    private static void AddMetrics(MeterProviderBuilder metrics, ParticipantHostOptions host)
    {
        metrics
            .AddMeter(ParticipantMetrics.MeterName, "Npgsql")
            // How its pool is used; what it measures of each statement would cost each statement.
            .AddView(instrument => instrument.Meter.Name == "Npgsql" && !instrument.Name.StartsWith("db.client.connection.", StringComparison.Ordinal)
                ? MetricStreamConfiguration.Drop
                : null)
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter(prometheus =>
            {
                prometheus.ScopeInfoEnabled = false;
                prometheus.ScrapeResponseCacheDurationMilliseconds = 0;
            });
        if (host.OtlpEndpoint is { } endpoint)
            metrics.AddOtlpExporter(exporter => exporter.Endpoint = endpoint);
    }
}
