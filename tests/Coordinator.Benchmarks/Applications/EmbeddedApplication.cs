using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Embedded;
using Coordinator.Initiation;
using Coordinator.Log;
using Coordinator.Participant;

namespace Coordinator.Benchmarks.Applications;

/// <summary>The engine and its log are in the application's process: no gRPC.</summary>
internal sealed class EmbeddedApplication : IApplication
{
    private readonly EmbeddedCoordinator _coordinator;

    private EmbeddedApplication(EmbeddedCoordinator coordinator, (OrderDatabase First, OrderDatabase Second) databases) =>
        (_coordinator, Databases) = (coordinator, databases);

    public (OrderDatabase First, OrderDatabase Second) Databases { get; }

    public ICoordinatorParticipant First { get; private set; } = null!;

    public ICoordinatorParticipant Second { get; private set; } = null!;

    public IReadOnlyList<MeasuredProcess> Processes { get; } = [MeasuredProcess.Own];

    /// <param name="databases">Its own.</param>
    /// <param name="folder">Where its log is kept.</param>
    /// <param name="witness">Whether branches on MariaDB write witness rows.</param>
    public static async Task<EmbeddedApplication> StartAsync((OrderDatabase First, OrderDatabase Second) databases, string folder, bool witness)
    {
        var coordinator = await EmbeddedCoordinator.StartAsync(new SqliteLogOptions { Path = Path.Combine(folder, "coordinator.db") });
        return new EmbeddedApplication(coordinator, databases)
        {
            First = await coordinator.AttachAsync("first", databases.First.CreateResources(witness)),
            Second = await coordinator.AttachAsync("second", databases.Second.CreateResources(witness)),
        };
    }

    public Task<LogCounts> ReadLogAsync() => Task.FromResult(LogCounters.Of(_coordinator.Engine.Operators.LogStatistics));

    public Task<InitiatedTransaction> BeginAsync() => _coordinator.BeginAsync();

    public ValueTask DisposeAsync() => _coordinator.DisposeAsync();
}
