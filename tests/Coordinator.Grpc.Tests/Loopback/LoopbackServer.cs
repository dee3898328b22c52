using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Coordinator.Grpc.Tests.Interop;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Grpc.Tests.Loopback;

/// <summary>The interoperability service on Kestrel, HTTP/2 alone, at a free port of the loopback interface.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private LoopbackServer(WebApplication application, CallLog calls, ConcurrentQueue<WireRecord> wire)
    {
        _application = application;
        Calls = calls;
        Wire = wire;
        Address = new Uri(application.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    internal Uri Address { get; }

    internal CallLog Calls { get; }

    internal ConcurrentQueue<WireRecord> Wire { get; }

    internal static async Task<LoopbackServer> StartAsync(
        X509Certificate2? certificate = null,
        bool askClientCertificate = false,
        Action<GrpcServiceOptions>? configure = null)
    {
        var calls = new CallLog();
        var wire = new ConcurrentQueue<WireRecord>();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (certificate is not null)
                listen.UseHttps(certificate, https => Ask(https, askClientCertificate));
        }));
        builder.Services.AddSingleton(calls);
        builder.Services.AddSingleton<InteropService>();
        builder.Services.AddGrpc(options =>
        {
            options.ResponseCompressionAlgorithm = "gzip";
            configure?.Invoke(options);
            options.Interceptors.Add<CallLog>();
        });

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
        return new LoopbackServer(application, calls, wire);
    }

    internal Task StopAsync() => _application.StopAsync();

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static void Ask(HttpsConnectionAdapterOptions https, bool askClientCertificate)
    {
        if (!askClientCertificate)
            return;

        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.AllowAnyClientCertificate();
    }
}

/// <summary>The compression that one call named in each direction, empty for none.</summary>
internal sealed record WireRecord(string Path, string RequestEncoding, string ResponseEncoding);
