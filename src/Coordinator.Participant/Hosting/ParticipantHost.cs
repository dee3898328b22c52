using System.Net;
using Coordinator.Contracts.V1;
using Coordinator.Hosting;
using Coordinator.Participant.Sql;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Hosting;

/// <summary>The ready-made host: one participant, its SQL service, and a health check.</summary>
internal static class ParticipantHost
{
    /// <summary>The database refused to take part: somebody must change something.</summary>
    public const int RefusedExitCode = 2;

    private const int MisuseExitCode = 1;

    // What the server's own shutdown may take beyond the drain.
    private static readonly TimeSpan _shutdownMargin = TimeSpan.FromSeconds(5);

    /// <summary>Runs until it is told to stop; returns the process's exit code.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyDictionary<string, string?> settings, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        WebApplication app;
        try
        {
            app = Build(settings);
        }
        catch (Exception misuse) when (misuse is ArgumentException or InvalidOperationException or FormatException)
        {
            await errors.WriteLineAsync(misuse.Message);
            return MisuseExitCode;
        }

        await using var _ = app;
        var participant = app.Services.GetRequiredService<ICoordinatorParticipant>();
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        var exitCode = 0;
        ((ParticipantService)participant).RefusedAtStart += _ =>
        {
            exitCode = RefusedExitCode;
            lifetime.StopApplication();
        };
        await app.StartAsync(cancellationToken);
        await AnnounceAsync(app, participant, output, lifetime.ApplicationStopping);
        await app.WaitForShutdownAsync(cancellationToken);
        return exitCode;
    }

    private static WebApplication Build(IReadOnlyDictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings);
        var section = builder.Configuration.GetSection(ParticipantHostOptions.Section);
        var host = section.Get<ParticipantHostOptions>() ?? new ParticipantHostOptions();
        host.Validate();
        var options = new ParticipantOptions();
        host.Apply(section, options);
        options.Validate();
        ConfigureLogging(builder.Logging);
        ConfigureServer(builder, host, options);
        HostTelemetry.Add(builder, host);
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MaxMessageBytes;
            grpc.MaxSendMessageSize = options.MaxMessageBytes;
        });
        builder.Services
            .AddGrpcHealthChecks(health => health.Services.Map(SqlService.Descriptor.FullName, _ => true))
            .AddCheck<AttachedHealthCheck>("attached");
        // How soon those who watch hear of a change.
        builder.Services.Configure<HealthCheckPublisherOptions>(publisher =>
            (publisher.Delay, publisher.Period) = (TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        builder.Services.AddGrpcReflection();
        IServiceProvider? built = null;
        builder.Services.AddCoordinatorParticipant(host.Name!, host.Coordinator!, _ => host.CreateResources(), limits =>
        {
            host.Apply(section, limits);
            limits.SqlAddressSource = () => SqlAddress(built!);
        });
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<StatementRunner>();
        var app = builder.Build();
        built = app.Services;
        app.Use(ErrorDetailsMiddleware.InvokeAsync);
        app.MapGrpcService<SqlGrpcService>();
        app.MapGrpcHealthChecksService();
        if (host.Reflection)
            app.MapGrpcReflectionService();
        app.MapHealthChecks("/health", new HealthCheckOptions
        {
            ResponseWriter = (context, report) => context.Response.WriteAsync(report.Entries.Values.Single().Description + "\n"),
        });
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }

    // Standard output has the one line for whoever started the process.
    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        // It writes each failed call's status to the log, and a database's words may quote values.
        logging.AddFilter("Grpc.AspNetCore.Server", LogLevel.Warning);
        // With a stack trace for each message that is no protobuf, which the caller is told.
        logging.AddFilter("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.None);
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // It would repeat once a second what the attachment writes when it changes.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
    }

    private static void ConfigureServer(WebApplicationBuilder builder, ParticipantHostOptions host, ParticipantOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // A call that stalls would end its whole connection, and all other calls on it.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            Listen(kestrel, host.Listen, HttpProtocols.Http2);
            if (host.HealthListen is { } health)
                Listen(kestrel, health, HttpProtocols.Http1);
        });
        builder.Services.Configure<HostOptions>(hosting => hosting.ShutdownTimeout = options.DrainLimit + _shutdownMargin);
    }

    private static void Listen(KestrelServerOptions kestrel, string address, HttpProtocols protocols)
    {
        var uri = new Uri(address);
        if (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip))
            kestrel.Listen(ip, uri.Port, listen => listen.Protocols = protocols);
        else if (uri.Host == "localhost")
            kestrel.ListenLocalhost(uri.Port, listen => listen.Protocols = protocols);
        else
            kestrel.ListenAnyIP(uri.Port, listen => listen.Protocols = protocols);
    }

    private static async Task AnnounceAsync(
        WebApplication app, ICoordinatorParticipant participant, TextWriter output, CancellationToken stopping)
    {
        try
        {
            await participant.WhenAttachedAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var coordinator = app.Configuration[$"{ParticipantHostOptions.Section}:{nameof(ParticipantHostOptions.Coordinator)}"];
        var resource = participant.Resource!;
        await output.WriteLineAsync(
            $"participant {participant.Branch} attached to {coordinator} "
            + $"({Version(resource)}), SQL on {SqlAddress(app.Services)?.ToString().TrimEnd('/')}");
        await output.FlushAsync(stopping);
    }

    // MySQL's resource manager tells by name which of the two it found.
    private static string Version(ResourceAttachment resource)
    {
        var kind = resource.Identity.Kind.ToString();
        return resource.ServerVersion.StartsWith(kind, StringComparison.OrdinalIgnoreCase)
            ? resource.ServerVersion.ToLowerInvariant()
            : $"{kind.ToLowerInvariant()} {resource.ServerVersion}";
    }

    // The first address is the SQL service's. One that listens everywhere is reached under the machine's name.
    private static Uri? SqlAddress(IServiceProvider services)
    {
        var address = services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        if (address is null)
            return null;
        var uri = new Uri(address);
        var isAny = IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));
        return isAny ? new UriBuilder(uri) { Host = Dns.GetHostName() }.Uri : uri;
    }
}
