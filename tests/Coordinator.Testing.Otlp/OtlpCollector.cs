using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Testing.Otlp;

/// <summary>Receives OTLP over gRPC in the test's own process, on a port of loopback, and keeps all that arrives.</summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _application;

    private OtlpCollector(WebApplication application, ReceivedMetrics metrics, ReceivedSpans spans)
    {
        _application = application;
        Metrics = metrics;
        Spans = spans;
        var server = application.Services.GetRequiredService<IServer>();
        Endpoint = new Uri(server.Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    /// <summary>What an exporter's OTLP endpoint is set to.</summary>
    public Uri Endpoint { get; }

    public ReceivedMetrics Metrics { get; }

    public ReceivedSpans Spans { get; }

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, port: 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        var metrics = new ReceivedMetrics();
        var spans = new ReceivedSpans();
        builder.Services.AddSingleton(metrics);
        builder.Services.AddSingleton(spans);
        var application = builder.Build();
        application.UseRouting();
        application.MapGrpcService<MetricsReceiver>();
        application.MapGrpcService<TraceReceiver>();
        await application.StartAsync();
        return new OtlpCollector(application, metrics, spans);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }
}
