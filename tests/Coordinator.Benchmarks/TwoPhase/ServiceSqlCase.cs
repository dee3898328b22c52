using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>The application has the client SDK alone: SQL goes over gRPC to two ready-made participant hosts.</summary>
internal sealed class ServiceSqlCase : ICase
{
    public const string CaseName = "service-sql";

    private readonly Deployment _deployment;
    private readonly CoordinatorClient _client;

    private ServiceSqlCase((OrderDatabase First, OrderDatabase Second) databases, Deployment deployment)
    {
        (Databases, _deployment) = (databases, deployment);
        _client = CoordinatorClient.Connect(deployment.Coordinator);
        Processes =
        [
            MeasuredProcess.Own,
            new MeasuredProcess("coordinator", deployment.Process(Deployment.CoordinatorName).Id),
            new MeasuredProcess("participants", deployment.Process("first").Id),
            new MeasuredProcess("participants", deployment.Process("second").Id),
        ];
    }

    public string Name => CaseName;

    public (OrderDatabase First, OrderDatabase Second) Databases { get; }

    public IReadOnlyList<MeasuredProcess> Processes { get; }

    public Func<Task<LogCounts>> ReadLog => () => LogCounters.OfAsync(_deployment);

    public static async Task<ServiceSqlCase> StartAsync((OrderDatabase First, OrderDatabase Second) databases, string folder)
    {
        var deployment = new Deployment(folder, coordinatorOptions: []);
        deployment.AddParticipant("first", databases.First.Server, databases.First.ConnectionString, options: []);
        deployment.AddParticipant("second", databases.Second.Server, databases.Second.ConnectionString, options: []);
        await deployment.StartAsync(Deployment.CoordinatorName);
        await Task.WhenAll(deployment.StartAsync("first"), deployment.StartAsync("second"));
        return new ServiceSqlCase(databases, deployment);
    }

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(this));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _deployment.DisposeAsync();
    }

    private sealed class Worker(ServiceSqlCase owner) : IWorker
    {
        private readonly Uri _first = owner._deployment.SqlAddress("first");
        private readonly Uri _second = owner._deployment.SqlAddress("second");

        public async Task TransactAsync(int product)
        {
            await using var transaction = await owner._client.BeginAsync();
            var (first, second) = owner.Databases;
            var changed = await Task.WhenAll(
                transaction.Sql(_first).ExecuteAsync(OrderDatabase.Update(first.SqlPlaceholder), [product]),
                transaction.Sql(_second).ExecuteAsync(OrderDatabase.Update(second.SqlPlaceholder), [product]));
            if (changed is not [1, 1])
                throw new InvalidOperationException($"Product {product} is not there.");
            if ((await transaction.CommitAsync()).DeliveryPending)
                throw new InvalidOperationException($"Transaction {transaction.Id} is not delivered.");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
