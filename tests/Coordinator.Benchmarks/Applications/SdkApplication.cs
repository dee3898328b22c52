using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Client;
using Coordinator.Initiation;
using Coordinator.Participant;
using Coordinator.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Benchmarks.Applications;

/// <summary>The participants are embedded in the application with the SDK; the coordinator is a process of its own.</summary>
internal sealed class SdkApplication : IApplication
{
    private static readonly TimeSpan AttachLimit = TimeSpan.FromSeconds(60);

    private readonly Deployment _deployment;
    private readonly TransactionInitiator _initiator;
    private readonly IHost _host;
    private bool _ownsDeployment;

    private SdkApplication((OrderDatabase First, OrderDatabase Second) databases, Deployment deployment, IHost host)
    {
        (Databases, _deployment, _host) = (databases, deployment, host);
        Client = CoordinatorClient.Connect(deployment.Coordinator);
        _initiator = TransactionInitiator.Connect(Client);
        First = host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("first");
        Second = host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("second");
        Processes = [MeasuredProcess.Own, new MeasuredProcess("coordinator", deployment.Process(Deployment.CoordinatorName).Id)];
    }

    public (OrderDatabase First, OrderDatabase Second) Databases { get; }

    public ICoordinatorParticipant First { get; }

    public ICoordinatorParticipant Second { get; }

    public IReadOnlyList<MeasuredProcess> Processes { get; }

    /// <summary>For transactions that the coordinator begins, and asks the branches for their votes.</summary>
    public CoordinatorClient Client { get; }

    /// <param name="databases">Its own.</param>
    /// <param name="folder">Where its coordinator's log is kept.</param>
    /// <param name="witness">Whether branches on MariaDB write witness rows.</param>
    public static async Task<SdkApplication> StartAsync((OrderDatabase First, OrderDatabase Second) databases, string folder, bool witness)
    {
        var deployment = new Deployment(folder, coordinatorOptions: []);
        await deployment.StartAsync(Deployment.CoordinatorName);
        var application = await AttachAsync(databases, deployment, witness);
        application._ownsDeployment = true;
        return application;
    }

    /// <summary>The same at a coordinator that runs, and goes on running.</summary>
    public static async Task<SdkApplication> AttachAsync(
        (OrderDatabase First, OrderDatabase Second) databases, Deployment deployment, bool witness)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddCoordinatorParticipant("first", deployment.Coordinator, _ => databases.First.CreateResources(witness));
        builder.Services.AddCoordinatorParticipant("second", deployment.Coordinator, _ => databases.Second.CreateResources(witness));
        var host = builder.Build();
        await host.StartAsync();
        var application = new SdkApplication(databases, deployment, host);
        using var limit = new CancellationTokenSource(AttachLimit);
        await Task.WhenAll(application.First.WhenAttachedAsync(limit.Token), application.Second.WhenAttachedAsync(limit.Token));
        return application;
    }

    public Task<LogCounts> ReadLogAsync() => LogCounters.OfAsync(_deployment);

    public Task<InitiatedTransaction> BeginAsync() => _initiator.BeginAsync();

    public async ValueTask DisposeAsync()
    {
        await _initiator.DisposeAsync();
        await _host.StopAsync();
        _host.Dispose();
        Client.Dispose();
        if (_ownsDeployment)
            await _deployment.DisposeAsync();
    }
}
