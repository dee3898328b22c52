namespace Coordinator.PlantedBugs.Tests;

/// <summary>A way to run a suite of ours on an assembly of the product that was compiled anew.</summary>
public abstract record Catcher
{
    /// <summary>Its name in the table.</summary>
    public abstract string Title { get; }

    /// <summary>Runs on the assembly.</summary>
    /// <param name="product">The assembly, compiled as it is or with a bug in it.</param>
    /// <param name="folder">An empty folder for this run.</param>
    /// <exception cref="HarnessException">It did not run, or did not run to an end.</exception>
    public abstract Task<CatcherRun> RunAsync(string product, string folder);

    /// <summary>Makes sure that all that this catcher runs has passed without a bug.</summary>
    /// <param name="product">The name of the product's project.</param>
    /// <exception cref="HarnessException">It has not: then a failure with the bug proves nothing.</exception>
    public abstract Task RequireBaselineAsync(string product);
}

/// <summary>What a catcher found.</summary>
/// <param name="Failed">True if it failed as a suite fails: a test's assertion, a violated invariant.</param>
/// <param name="HowSoon">For the table: how much of it ran until the failure.</param>
/// <param name="First">The first failure; empty if there was none.</param>
public sealed record CatcherRun(bool Failed, string HowSoon, string First);
