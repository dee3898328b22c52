namespace Coordinator.PlantedBugs.Tests;

/// <summary>A way to run a suite of ours on an assembly of the product that was compiled anew.</summary>
public abstract record Catcher
{
    /// <summary>Its name in the table.</summary>
    public abstract string Title { get; }

    /// <summary>Runs on the assembly.</summary>
    /// <param name="project">The product's project.</param>
    /// <param name="assembly">Its assembly with a bug in it.</param>
    /// <param name="folder">An empty folder for this run.</param>
    /// <exception cref="HarnessException">It did not run, or did not run to an end, or would fail without the bug too.</exception>
    public abstract Task<CatcherRun> RunAsync(string project, string assembly, string folder);
}

/// <summary>What a catcher found.</summary>
/// <param name="Failed">True if it failed as a suite fails: a test's assertion, a violated invariant.</param>
/// <param name="HowSoon">For the table: how much of it ran until the failure.</param>
/// <param name="First">The first failure; empty if there was none.</param>
public sealed record CatcherRun(bool Failed, string HowSoon, string First);
