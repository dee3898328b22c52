using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>One way to change a row in each of two databases, both or neither.</summary>
internal interface ICase : IAsyncDisposable
{
    /// <summary>As in the first column of the results.</summary>
    string Name { get; }

    /// <summary>Its own databases, by which its work is checked in the end.</summary>
    (OrderDatabase First, OrderDatabase Second) Databases { get; }

    /// <summary>Whose processor time it costs, besides the servers'.</summary>
    IReadOnlyList<MeasuredProcess> Processes { get; }

    /// <summary>Reads what its coordinator's log has done; null without a coordinator.</summary>
    Func<Task<LogCounts>>? ReadLog { get; }

    /// <summary>Prepares whatever one worker keeps for itself.</summary>
    Task<IWorker> OpenWorkerAsync();
}

/// <summary>One of those who work at the same time; used by one caller at a time.</summary>
internal interface IWorker : IAsyncDisposable
{
    /// <summary>Changes the product's row in both databases. Anything but a commit of both is an exception.</summary>
    Task TransactAsync(int product);
}
