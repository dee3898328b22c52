using Coordinator.Engine;
using Coordinator.Log;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Coordinator.Server;

/// <summary>Exports the meters by OTLP, if an endpoint is configured. The hosting package is not needed for this.</summary>
internal static class OtlpExport
{
    public static IDisposable? Start(ServerOptions options) => options.OtlpEndpoint.Length == 0
        ? null
        : Sdk.CreateMeterProviderBuilder()
            .AddMeter(EngineMetrics.MeterName, LogMetrics.MeterName, ServerMetrics.MeterName, "System.Runtime")
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Endpoint = new Uri(options.OtlpEndpoint);
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.OtlpInterval.TotalMilliseconds;
            })
            .Build();
}
