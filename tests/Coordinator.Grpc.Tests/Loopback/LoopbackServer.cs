using System.Collections.Concurrent;
using System.Net;
using Coordinator.Grpc.Tests.Interop;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Grpc.Tests.Loopback;

/// <summary>The interoperability service on Kestrel, HTTP/2 alone, at a free port of the loopback interface.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private LoopbackServer(WebApplication application, ConcurrentQueue<WireRecord> wire)
    {
        _application = application;
        Wire = wire;
        Address = new Uri(application.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    internal Uri Address { get; }

    internal ConcurrentQueue<WireRecord> Wire { get; }

    internal static async Task<LoopbackServer> StartAsync()
    {
        var wire = new ConcurrentQueue<WireRecord>();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<InteropService>();
        builder.Services.AddGrpc(options => options.ResponseCompressionAlgorithm = "gzip");

        WebApplication application = builder.Build();
        application.Use(async (context, next) =>
        {
            await next(context);
            wire.Enqueue(new WireRecord(
                context.Request.Path.ToString(),
                context.Request.Headers["grpc-encoding"].ToString(),
                context.Response.Headers["grpc-encoding"].ToString()));
        });
        application.MapGrpcService<InteropService>();
        await application.StartAsync();
        return new LoopbackServer(application, wire);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}

/// <summary>The compression that one call named in each direction, empty for none.</summary>
internal sealed record WireRecord(string Path, string RequestEncoding, string ResponseEncoding);
