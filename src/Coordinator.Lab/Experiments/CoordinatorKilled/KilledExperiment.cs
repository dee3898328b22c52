using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.CoordinatorKilled;

/// <summary>What to run it with.</summary>
internal sealed record KilledParameters
{
    /// <summary>Seconds of work before the drill's order is placed.</summary>
    public double Before { get; init; } = 3;

    /// <summary>Seconds between kill and restart.</summary>
    public double Down { get; init; } = 5;

    /// <summary>Seconds of work after the last lock is gone.</summary>
    public double After { get; init; } = 3;

    /// <summary>Clients that place orders.</summary>
    public int Clients { get; init; } = 4;

    public int Seed { get; init; } = 7;
}

/// <summary>
/// Experiment 2: the coordinator is killed while an order is prepared and undecided, and again while it is decided and
/// undelivered; and a saga's driver in the middle of a saga.
/// </summary>
internal sealed class KilledExperiment(KilledParameters parameters) : IExperiment
{
    public string Id => "coordinator-killed";

    public string Title => "The single point of failure";

    public double Weight => 3;

    public async Task<ExperimentResult> RunAsync(Databases databases, LabProgress progress, CancellationToken cancellationToken)
    {
        progress.Next("killed between prepare and decision", 1);
        var prepared = await new CoordinatorOutage(parameters, databases, "prepared").RunAsync(cancellationToken);
        progress.Next("killed between decision and delivery", 1);
        var decided = await new CoordinatorOutage(parameters, databases, "decided").RunAsync(cancellationToken);
        progress.Next("the saga's driver killed", 1);
        var saga = await new SagaOutage(parameters, databases).RunAsync(cancellationToken);
        return new KilledResult(parameters, prepared, decided, saga);
    }
}
