using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Client;
using Coordinator.Initiation;
using Coordinator.Participant;
using Coordinator.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>
/// Both participants embedded in the application with the SDK, the coordinator a process of its own. The application is the
/// initiator: it prepares by itself and sends one message a transaction, the votes.
/// </summary>
internal sealed class ServiceSdkCase : ICase
{
    public const string On = "service-sdk", Off = "service-sdk-witness-off";

    private static readonly TimeSpan AttachLimit = TimeSpan.FromSeconds(60);

    private readonly Deployment _deployment;
    private readonly CoordinatorClient _client;
    private readonly TransactionInitiator _initiator;
    private readonly IHost _host;
    private readonly ICoordinatorParticipant _first;
    private readonly ICoordinatorParticipant _second;

    private ServiceSdkCase(string name, (OrderDatabase First, OrderDatabase Second) databases, Deployment deployment, IHost host)
    {
        (Name, Databases, _deployment, _host) = (name, databases, deployment, host);
        _client = CoordinatorClient.Connect(deployment.Coordinator);
        _initiator = TransactionInitiator.Connect(_client);
        _first = host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("first");
        _second = host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("second");
        Processes = [MeasuredProcess.Own, new MeasuredProcess("coordinator", deployment.Process(Deployment.CoordinatorName).Id)];
    }

    public string Name { get; }

    public (OrderDatabase First, OrderDatabase Second) Databases { get; }

    public IReadOnlyList<MeasuredProcess> Processes { get; }

    public Func<Task<LogCounts>> ReadLog => () => LogCounters.OfAsync(_deployment);

    public static async Task<ServiceSdkCase> StartAsync((OrderDatabase First, OrderDatabase Second) databases, string folder, bool witness)
    {
        var name = witness ? On : Off;
        var deployment = new Deployment(Path.Combine(folder, name), coordinatorOptions: []);
        await deployment.StartAsync(Deployment.CoordinatorName);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddCoordinatorParticipant("first", deployment.Coordinator, _ => databases.First.CreateResources(witness));
        builder.Services.AddCoordinatorParticipant("second", deployment.Coordinator, _ => databases.Second.CreateResources(witness));
        var host = builder.Build();
        await host.StartAsync();
        var started = new ServiceSdkCase(name, databases, deployment, host);
        using var limit = new CancellationTokenSource(AttachLimit);
        await Task.WhenAll(started._first.WhenAttachedAsync(limit.Token), started._second.WhenAttachedAsync(limit.Token));
        return started;
    }

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(this));

    public async ValueTask DisposeAsync()
    {
        await _initiator.DisposeAsync();
        _client.Dispose();
        await _host.StopAsync();
        _host.Dispose();
        await _deployment.DisposeAsync();
    }

    private sealed class Worker(ServiceSdkCase owner) : IWorker
    {
        public async Task TransactAsync(int product)
        {
            await using var transaction = await owner._initiator.BeginAsync();
            await InitiatedWork.RunAsync(
                transaction, (owner._first.Session!, owner.Databases.First), (owner._second.Session!, owner.Databases.Second), product);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
