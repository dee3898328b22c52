using System.Collections;
using System.Diagnostics.Metrics;
using Coordinator.Engine;
using Coordinator.Log;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Coordinator.Server;

/// <summary>OpenTelemetry of this process, all of it: what is collected, under which limits, and where it goes.</summary>
internal static class Telemetry
{
    public static void Add(WebApplicationBuilder builder, ServerOptions options)
    {
        // The specification's own variables (headers, certificates, resource attributes), and no others.
        builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("OTEL_", StringComparison.Ordinal))
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value)));
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("coordinator").AddEnvironmentVariableDetector())
            .WithMetrics(metrics => AddMetrics(metrics, options));
        // Without an endpoint nobody listens, and no span is made.
        if (options.OtlpEndpoint.Length > 0)
            telemetry.WithTracing(tracing => Tracing.Add(tracing, new Uri(options.OtlpEndpoint)));
    }

    /// <summary>Collects from here on; the host itself would begin after the engine.</summary>
    public static void Start(IServiceProvider services)
    {
        _ = services.GetRequiredService<MeterProvider>();
        _ = services.GetService<TracerProvider>();
    }

    public static bool IsScrape(HttpContext context) =>
        context.Request.Path == "/metrics" && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));

    private static void AddMetrics(MeterProviderBuilder metrics, ServerOptions options)
    {
        metrics
            .AddMeter(EngineMetrics.MeterName, LogMetrics.MeterName, ServerMetrics.MeterName)
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter(prometheus =>
            {
                // Names and labels as dashboards have them; a scrape is what is so now.
                prometheus.ScopeInfoEnabled = false;
                prometheus.ScrapeResponseCacheDurationMilliseconds = 0;
            });
        if (metrics is IDeferredMeterProviderBuilder deferred)
            deferred.Configure((services, views) => MetricViews.Add(views, services.GetRequiredService<IMeterFactory>(), options.MaxMetricSeries));
        if (options.OtlpEndpoint.Length == 0)
            return;
        metrics.AddOtlpExporter((exporter, reader) =>
        {
            exporter.Endpoint = new Uri(options.OtlpEndpoint);
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.OtlpInterval.TotalMilliseconds;
        });
    }
}
