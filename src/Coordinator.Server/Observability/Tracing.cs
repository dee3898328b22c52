using System.Collections;
using Coordinator.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Coordinator.Server;

/// <summary>Exports spans by OTLP, if an endpoint is configured; without one nobody listens, and none are made.</summary>
internal static class Tracing
{
    public static void Add(WebApplicationBuilder builder, ServerOptions options)
    {
        if (options.OtlpEndpoint.Length == 0)
            return;
        // The specification's own variables (sampler, batches, headers, resource attributes), and no others.
        builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("OTEL_", StringComparison.Ordinal))
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value)));
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("coordinator").AddEnvironmentVariableDetector())
            .WithTracing(tracing => tracing
                .AddSource(EngineTracing.SourceName, ServerTracing.SourceName)
                .AddAspNetCoreInstrumentation(requests => requests.Filter = IsCall)
                .AddOtlpExporter(exporter => exporter.Endpoint = new Uri(options.OtlpEndpoint)));
    }

    /// <summary>Listens from here on; the host itself would begin after the engine.</summary>
    public static void Start(IServiceProvider services) => services.GetService<TracerProvider>();

    // Neither probes, nor streams that last as long as their participant or initiator does.
    private static bool IsCall(HttpContext context) =>
        HttpProtocol.IsHttp2(context.Request.Protocol)
        && !context.Request.Path.StartsWithSegments("/coordinator.v1.ParticipantService")
        && !context.Request.Path.StartsWithSegments("/coordinator.v1.InitiatorService");
}
