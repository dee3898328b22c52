using System.Collections.Concurrent;
using System.Globalization;
using Coordinator.PlantedBugs.Host;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>
/// Some tests of a test project. A bug is caught if at least one of them fails; one that cannot load the assembly, or
/// breaks off without a failed test, catches nothing.
/// </summary>
/// <param name="TestProject">A folder below <c>tests</c>.</param>
/// <param name="Tests">Parts of full names: of namespaces, classes or methods. Keep them few: each bug runs them.</param>
public sealed record Suite(string TestProject, params IReadOnlyList<string> Tests) : Catcher
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly ConcurrentDictionary<(string Project, string TestProject), Lazy<Task<IReadOnlyList<TestResult>>>> Baselines = new();

    /// <summary>
    /// True for tests that start processes of the product: these load it from the tests' own folder, of which a copy is made then.
    /// </summary>
    public bool StartsProcesses { get; init; }

    public override string Title => $"{TestProject.Replace("Coordinator.", "", StringComparison.Ordinal)}: {string.Join(", ", Tests)}";

    public override async Task<CatcherRun> RunAsync(string project, string assembly, string folder)
    {
        await RequireBaselineAsync(project);
        var results = await RunAsync(TestProject, Tests, assembly, StartsProcesses ? folder : null);
        var failed = results.Where(result => result.Outcome == "Failed").OrderBy(result => result.EndedAfter).ToList();
        if (failed.Count == 0)
            return new CatcherRun(Failed: false, $"{results.Count} tests passed", First: "");
        var first = failed[0];
        return failed.Find(result => LoadFailure.Find(result.Message) is not null) is { } broken
            ? throw new HarnessException($"{broken.Name} did not run: {broken.Message}")
            : new CatcherRun(
                Failed: true,
                string.Create(CultureInfo.InvariantCulture, $"{failed.Count} of {results.Count} tests, {first.EndedAfter:0.0} s"),
                $"{first.Name}: {first.Message}");
    }

    private async Task RequireBaselineAsync(string project)
    {
        var results = await Baselines.GetOrAdd((project, TestProject), _ => new(() => RunBaselineAsync(project, TestProject))).Value;
        foreach (var test in Tests)
        {
            var own = results.Where(result => result.Name.Contains(test, StringComparison.Ordinal)).ToList();
            if (own.Count == 0)
                throw new HarnessException($"{TestProject} has no test {test}.");
            if (own.Find(result => result.Outcome != "Passed") is { } other)
                throw new HarnessException($"Without a bug {other.Name} ends as {other.Outcome}: {other.Message}");
        }
    }

    /// <summary>All tests of the project that some bug of this product counts on, in one run.</summary>
    private static async Task<IReadOnlyList<TestResult>> RunBaselineAsync(string project, string testProject)
    {
        var tests = AllBugs.Of(project).SelectMany(bug => bug.CaughtBy).OfType<Suite>()
            .Where(suite => suite.TestProject == testProject).SelectMany(suite => suite.Tests).Distinct().ToList();
        var assembly = await ProductCompiler.CompileAsync(project, bug: null, Folders.Fresh("baseline", project, testProject, "compiled"));
        return await RunAsync(testProject, tests, assembly, copyTo: null);
    }

    private static async Task<IReadOnlyList<TestResult>> RunAsync(
        string testProject, IReadOnlyList<string> tests, string assembly, string? copyTo)
    {
        var path = copyTo is null
            ? Path.Combine(Folders.OutputOf(testProject), testProject + ".dll")
            : Folders.CopyWith(testProject, assembly, copyTo);
        var result = await Hosts.RunAsync(testProject, new Job(path, assembly, tests, Arguments: null), Limit);
        return result.Tests is { Count: > 0 } results
            ? results
            : throw new HarnessException($"{testProject} has no test {string.Join(", ", tests)}.");
    }
}
