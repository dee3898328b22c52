using System.Diagnostics.CodeAnalysis;
using Coordinator.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server;

/// <summary>
/// The coordinator over gRPC, whole, in this process: what the program runs, and what tests host in their own.
/// </summary>
public sealed class CoordinatorServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Shutdown _shutdown;
    private readonly ServerOptions _options;
    private readonly ILogger _logger;
    private readonly List<IDisposable> _owned;
    private readonly Lazy<Task> _closed;

    private CoordinatorServer(
        WebApplication application, Shutdown shutdown, ServerOptions options, ILogger logger, List<IDisposable> owned)
    {
        _application = application;
        _shutdown = shutdown;
        _options = options;
        _logger = logger;
        _owned = owned;
        _closed = new Lazy<Task>(CloseAsync);
        Coordinator = application.Services.GetRequiredService<TransactionCoordinator>();
        var addresses = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        // In the order in which they were told to listen.
        Address = new Uri(addresses[0]);
        HealthAddress = new Uri(addresses[1]);
    }

    /// <summary>Where gRPC is served.</summary>
    public Uri Address { get; }

    /// <summary>Where health and metrics are served.</summary>
    public Uri HealthAddress { get; }

    /// <summary>The engine behind it.</summary>
    public TransactionCoordinator Coordinator { get; }

    /// <summary>Opens the log, recovers, and serves.</summary>
    /// <param name="options">Checked here too.</param>
    /// <param name="parts">What is to stand in the place of the log, the clock, and so on.</param>
    /// <exception cref="ArgumentException">The options are wrong; the message lists all that is.</exception>
    /// <exception cref="LogRefusedException">The log is in use, damaged, or of a newer version.</exception>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "The server owns them and disposes them when stopped.")]
    public static async Task<CoordinatorServer> StartAsync(ServerOptions options, ServerParts? parts = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var wrong = OptionsValidation.Check(options);
        if (wrong.Count > 0)
            throw new ArgumentException(string.Join(" ", wrong), nameof(options));
        parts ??= new ServerParts();
        var loggers = parts.Loggers ?? LoggerFactory.Create(logging => ConsoleLogging.Add(logging, options));
        var shutdown = new Shutdown();
        var owned = new List<IDisposable> { shutdown };
        if (parts.Loggers is null)
            owned.Add(loggers);
        WebApplication? application = null;
        try
        {
            application = ServerApplication.Build(options, parts, shutdown, loggers);
            // Collecting starts BEFORE anything counts, and before the engine, whose recovery has spans.
            Telemetry.Start(application.Services);
            await application.Services.GetRequiredService<TransactionCoordinator>().StartAsync();
            await application.StartAsync();
            return new CoordinatorServer(application, shutdown, options, loggers.CreateLogger<CoordinatorServer>(), owned);
        }
        catch
        {
            if (application is not null)
                await application.DisposeAsync();
            Dispose(owned);
            throw;
        }
    }

    /// <summary>
    /// Stops in order: Begin is refused; what has begun to commit is finished, within the drain's limit; calls that wait
    /// and attach streams end; the port closes. The rest stays in the log, for the next start.
    /// </summary>
    public async Task StopAsync()
    {
        if (_closed.IsValueCreated)
        {
            await _closed.Value;
            return;
        }

        Log.Stopping(_logger, _options.Engine.DrainLimit);
        await Coordinator.DrainAsync();
        await _closed.Value;
    }

    /// <summary>Stops without waiting for anything that has begun to commit.</summary>
    public ValueTask DisposeAsync() => new(_closed.Value);

    private async Task CloseAsync()
    {
        // Streams end BEFORE the port closes: Kestrel would wait for them, up to its limit. Those who watch health get their
        // last answer by the host's own signal.
        _application.Lifetime.StopApplication();
        await _shutdown.EndCallsAsync(_options.CloseLimit, _options.CloseGrace);
        await _application.StopAsync();
        var open = Coordinator.Operators.CountOpen().Values.Sum();
        // With it go the engine and its log.
        await _application.DisposeAsync();
        Log.Stopped(_logger, open);
        Dispose(_owned);
    }

    private static void Dispose(List<IDisposable> owned)
    {
        foreach (var disposable in owned)
            disposable.Dispose();
    }
}

/// <summary>What stands in the place of the server's own parts, for tests and for embedding.</summary>
public sealed record ServerParts
{
    /// <summary>The log; by default the SQLite log that the options name. The server closes it.</summary>
    public ITransactionLog? Log { get; init; }

    /// <summary>The clock of engine and streams.</summary>
    public TimeProvider? Time { get; init; }

    /// <summary>Where ids come from.</summary>
    public IIdSource? Ids { get; init; }

    /// <summary>Where log entries go; by default to the console. The caller disposes it.</summary>
    public ILoggerFactory? Loggers { get; init; }
}
