using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Client;
using Coordinator.Participant;
using Coordinator.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>
/// Both participants embedded in the application with the SDK, the coordinator a process of its own, which asks for the
/// votes: Begin and Commit are calls, enlistments and commands messages of two attach streams.
/// </summary>
internal sealed class SolicitedCase : ICase
{
    public const string CaseName = "service-sdk-solicited";

    private static readonly TimeSpan AttachLimit = TimeSpan.FromSeconds(60);

    private readonly Deployment _deployment;
    private readonly CoordinatorClient _client;
    private readonly IHost _host;
    private readonly ICoordinatorParticipant _first;
    private readonly ICoordinatorParticipant _second;

    private SolicitedCase((OrderDatabase First, OrderDatabase Second) databases, Deployment deployment, IHost host)
    {
        (Databases, _deployment, _host) = (databases, deployment, host);
        _client = CoordinatorClient.Connect(deployment.Coordinator);
        _first = host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("first");
        _second = host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("second");
        Processes = [MeasuredProcess.Own, new MeasuredProcess("coordinator", deployment.Process(Deployment.CoordinatorName).Id)];
    }

    public string Name => CaseName;

    public (OrderDatabase First, OrderDatabase Second) Databases { get; }

    public IReadOnlyList<MeasuredProcess> Processes { get; }

    public Func<Task<LogCounts>> ReadLog => () => LogCounters.OfAsync(_deployment);

    public static async Task<SolicitedCase> StartAsync((OrderDatabase First, OrderDatabase Second) databases, string folder)
    {
        var deployment = new Deployment(Path.Combine(folder, CaseName), coordinatorOptions: []);
        await deployment.StartAsync(Deployment.CoordinatorName);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddCoordinatorParticipant("first", deployment.Coordinator, _ => databases.First.CreateResources(witness: true));
        builder.Services.AddCoordinatorParticipant("second", deployment.Coordinator, _ => databases.Second.CreateResources(witness: true));
        var host = builder.Build();
        await host.StartAsync();
        var started = new SolicitedCase(databases, deployment, host);
        using var limit = new CancellationTokenSource(AttachLimit);
        await Task.WhenAll(started._first.WhenAttachedAsync(limit.Token), started._second.WhenAttachedAsync(limit.Token));
        return started;
    }

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(this));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.StopAsync();
        _host.Dispose();
        await _deployment.DisposeAsync();
    }

    private sealed class Worker(SolicitedCase owner) : IWorker
    {
        public async Task TransactAsync(int product)
        {
            await using var transaction = await owner._client.BeginAsync();
            var branches = await Task.WhenAll(
                WorkAsync(owner._first, transaction.Id, owner.Databases.First, product),
                WorkAsync(owner._second, transaction.Id, owner.Databases.Second, product));
            foreach (var branch in branches)
                transaction.AddBranch(branch);
            if ((await transaction.CommitAsync()).DeliveryPending)
                throw new InvalidOperationException($"Transaction {transaction.Id} is not delivered.");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static async Task<BranchName> WorkAsync(
            ICoordinatorParticipant participant, TransactionId id, OrderDatabase database, int product)
        {
            await using var work = await participant.EnlistAsync(id, CancellationToken.None);
            await BranchUpdate.RunAsync(work.Connection, database, product);
            return work.Branch;
        }
    }
}
