using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Embedded;
using Coordinator.Log;
using Coordinator.Participant;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>The engine, its log and both participants in the application's process: no gRPC.</summary>
internal sealed class EmbeddedCase : ICase
{
    public const string On = "embedded", Off = "embedded-witness-off";

    private readonly EmbeddedCoordinator _coordinator;
    private readonly ICoordinatorParticipant _first;
    private readonly ICoordinatorParticipant _second;

    private EmbeddedCase(
        string name, (OrderDatabase First, OrderDatabase Second) databases, EmbeddedCoordinator coordinator, ICoordinatorParticipant first, ICoordinatorParticipant second)
    {
        (Name, Databases, _coordinator, _first, _second) = (name, databases, coordinator, first, second);
    }

    public string Name { get; }

    public (OrderDatabase First, OrderDatabase Second) Databases { get; }

    public IReadOnlyList<MeasuredProcess> Processes { get; } = [MeasuredProcess.Own];

    public Func<Task<LogCounts>> ReadLog => () => Task.FromResult(LogCounters.Of(_coordinator.Log));

    public static async Task<EmbeddedCase> StartAsync((OrderDatabase First, OrderDatabase Second) databases, string folder, bool witness)
    {
        var name = witness ? On : Off;
        var coordinator = await EmbeddedCoordinator.StartAsync(new SqliteLogOptions { Path = Path.Combine(folder, name, "coordinator.db") });
        return new EmbeddedCase(
            name,
            databases,
            coordinator,
            await coordinator.AttachAsync("first", databases.First.CreateResources(witness)),
            await coordinator.AttachAsync("second", databases.Second.CreateResources(witness)));
    }

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(this));

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();

    private sealed class Worker(EmbeddedCase owner) : IWorker
    {
        public async Task TransactAsync(int product)
        {
            await using var transaction = await owner._coordinator.BeginAsync();
            await InitiatedWork.RunAsync(
                transaction, (owner._first.Session!, owner.Databases.First), (owner._second.Session!, owner.Databases.Second), product);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
