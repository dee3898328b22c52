using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Coordinator.Engine;
using Coordinator.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server;

/// <summary>Puts Kestrel, gRPC and the health pages together.</summary>
internal static class ServerApplication
{
    public static WebApplication Build(
        ServerOptions options,
        TransactionCoordinator coordinator,
        ITransactionLog log,
        TimeProvider time,
        Shutdown shutdown,
        ServerMetrics metrics,
        PrometheusExport prometheus,
        ILoggerFactory loggers)
    {
        // Empty: nothing of the environment but the options that the catalog names changes what is served.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        Tracing.Add(builder, options);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(coordinator);
        builder.Services.AddSingleton(new LogBackups(coordinator, log));
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(shutdown);
        builder.Services.AddSingleton(metrics);
        builder.Services.AddSingleton(new ServerClock(time.GetUtcNow()));
        builder.Services.AddSingleton<AttachStreams>();
        builder.Services.AddSingleton<CallInterceptor>();
        builder.Services.AddSingleton<TransactionEndpoint>();
        builder.Services.AddSingleton<OperatorEndpoint>();
        builder.Services.AddSingleton<ParticipantEndpoint>();
        builder.Services.AddSingleton<InitiatorEndpoint>();
        // Signals are the process's, not the host's: a second one must end it at once.
        builder.Services.AddSingleton<IHostLifetime, UnattendedLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.CloseLimit);
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MaxMessageBytes;
            grpc.EnableDetailedErrors = false;
            grpc.Interceptors.Add<CallInterceptor>();
        });

        var application = builder.Build();
        // The port of health speaks HTTP/1 alone, and the port of gRPC HTTP/2 alone, so the protocol tells them apart.
        application.MapWhen(
            context => !HttpProtocol.IsHttp2(context.Request.Protocol),
            health => health.Run(new HealthPages(coordinator, prometheus).AnswerAsync));
        application.Use(shutdown.TrackAsync);
        application.Use(ErrorDetailsMiddleware.InvokeAsync);
        application.UseRouting();
        application.MapGrpcService<TransactionEndpoint>();
        application.MapGrpcService<OperatorEndpoint>();
        application.MapGrpcService<ParticipantEndpoint>();
        application.MapGrpcService<InitiatorEndpoint>();
        return application;
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        kestrel.Limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
        kestrel.Limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
        // A body that stalls would end the whole connection after 5 s, and the attach streams on it.
        kestrel.Limits.MinRequestBodyDataRate = null;
        // The same for a participant that reads slowly: its own stream's limits end it, not its connection's.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Listen(ListenAddress.Parse(options.Listen), listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (options.TlsCertificate.Length > 0)
                listen.UseHttps(Tls(options, options.TlsClientCa.Length > 0));
        });
        var health = ListenAddress.Parse(options.HealthListen);
        kestrel.Listen(health, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            // Probes and scrapers on the same machine need no certificate; off it, TLS like gRPC, but no client's.
            if (options.TlsCertificate.Length > 0 && !System.Net.IPAddress.IsLoopback(health.Address))
                listen.UseHttps(Tls(options, askClient: false));
        });
    }

    private static HttpsConnectionAdapterOptions Tls(ServerOptions options, bool askClient)
    {
        var tls = new HttpsConnectionAdapterOptions
        {
            ServerCertificate = TlsFiles.ReadCertificate(options),
            ServerCertificateChain = TlsFiles.ReadChain(options),
            SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
        if (!askClient)
            return tls;
        var authorities = TlsFiles.ReadClientAuthorities(options);
        tls.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        tls.ClientCertificateValidation = (certificate, _, _) => IsOf(certificate, authorities);
        return tls;
    }

    // Against the given authorities alone: one of the machine's public ones vouches for nobody here.
    private static bool IsOf(X509Certificate2 certificate, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}

/// <summary>Leaves starting and stopping to whoever started the server.</summary>
internal sealed class UnattendedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
