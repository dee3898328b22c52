using Coordinator.Lab.Experiments.CannotPrepare;
using Coordinator.Lab.Experiments.CoordinatorKilled;
using Coordinator.Lab.Experiments.Locks;
using Coordinator.Lab.Experiments.SagaAnomalies;
using Coordinator.Lab.Experiments.SlowParticipant;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.Choose;

/// <summary>Experiment 6: measures nothing of its own; draws one page from what the five before it have just measured.</summary>
internal sealed class ChooseExperiment(IReadOnlyList<ExperimentResult> results) : IExperiment
{
    public string Id => "choose";

    public string Title => "When to choose what";

    public double Weight => 1;

    public Task<ExperimentResult> RunAsync(Databases databases, LabProgress progress, CancellationToken cancellationToken)
    {
        progress.Next("drawing the page", 1);
        return Task.FromResult<ExperimentResult>(ChooseResult.From(
            Of<LocksResult>(), Of<KilledResult>(), Of<SlowResult>(), Of<AnomaliesResult>(), Of<CannotPrepareResult>()));
    }

    private T Of<T>() where T : ExperimentResult =>
        results.OfType<T>().FirstOrDefault() ?? throw new InvalidOperationException($"{typeof(T).Name} has not been measured.");
}
