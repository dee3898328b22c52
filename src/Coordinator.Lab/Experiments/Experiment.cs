using Coordinator.Lab.Report;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments;

/// <summary>One experiment with its parameters.</summary>
internal interface IExperiment
{
    /// <summary>The command that runs it.</summary>
    string Id { get; }

    /// <summary>In a few words.</summary>
    string Title { get; }

    /// <summary>How much there is to do, in the units in which its progress is told.</summary>
    double Weight { get; }

    /// <summary>Runs it on private databases that nobody else uses meanwhile.</summary>
    Task<ExperimentResult> RunAsync(Databases databases, LabProgress progress, CancellationToken cancellationToken);
}

/// <summary>What was measured, and nothing else: text and charts are made from it.</summary>
internal abstract record ExperimentResult
{
    /// <summary>Orders found in one database and not in the other after two-phase commit, when all was at rest.</summary>
    public abstract int Split { get; }

    public abstract Section Describe();
}

/// <summary>Tells how far an experiment is.</summary>
internal sealed class LabProgress(Action<double, string> report, double total)
{
    private double _done;

    /// <summary>A part begins; the one before has ended.</summary>
    /// <param name="doing">What.</param>
    /// <param name="weight">Its share of the experiment's total.</param>
    public void Next(string doing, double weight)
    {
        report(Math.Min(1, _done / total), doing);
        _done += weight;
    }
}
