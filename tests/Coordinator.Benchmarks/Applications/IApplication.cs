using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Initiation;
using Coordinator.Participant;

namespace Coordinator.Benchmarks.Applications;

/// <summary>An application that hosts a participant for each of its two databases, wherever its coordinator is.</summary>
internal interface IApplication : IAsyncDisposable
{
    (OrderDatabase First, OrderDatabase Second) Databases { get; }

    ICoordinatorParticipant First { get; }

    ICoordinatorParticipant Second { get; }

    /// <summary>Whose processor time it costs, besides the servers'.</summary>
    IReadOnlyList<MeasuredProcess> Processes { get; }

    Task<LogCounts> ReadLogAsync();

    Task<InitiatedTransaction> BeginAsync();
}
