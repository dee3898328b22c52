using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.ScriptedServices;

/// <summary>A Kestrel on a loopback port with gRPC services and HTTP endpoints of a test's choosing.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private bool _disposed;

    private LoopbackServer(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Urls.Single());
    }

    public Uri Address { get; }

    public static Task<LoopbackServer> StartAsync<TService>(TService service)
        where TService : class =>
        StartAsync(services => services.AddSingleton(service), app => app.MapGrpcService<TService>());

    /// <param name="services">Registers what the endpoints need.</param>
    /// <param name="endpoints">Maps them.</param>
    /// <param name="port">0: any free one.</param>
    /// <param name="certificate">Over https with this certificate; null: http.</param>
    /// <param name="protocols">HTTP/2 for gRPC.</param>
    public static async Task<LoopbackServer> StartAsync(
        Action<IServiceCollection> services,
        Action<WebApplication> endpoints,
        int port = 0,
        X509Certificate2? certificate = null,
        HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        services(builder.Services);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        var app = builder.Build();
        endpoints(app);
        await app.StartAsync();
        return new LoopbackServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        // Open calls are cut at once: a test that is over does not wait for them.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
