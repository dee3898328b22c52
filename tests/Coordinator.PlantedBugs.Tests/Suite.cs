using System.Collections.Concurrent;
using System.Globalization;
using System.Xml.Linq;
using Coordinator.Testing;

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

    public override string Title => $"{TestProject.Replace("Coordinator.", "", StringComparison.Ordinal)}: {string.Join(", ", Tests)}";

    public override async Task<CatcherRun> RunAsync(string project, string assembly, string folder)
    {
        await RequireBaselineAsync(project);
        var started = DateTimeOffset.UtcNow;
        var results = await RunAsync(TestProject, Tests, assembly, folder);
        var failed = results.Where(result => result.Outcome == "Failed").OrderBy(result => result.EndedAt).ToList();
        if (failed.Count == 0)
            return new CatcherRun(Failed: false, $"{results.Count} tests passed", First: "");
        var first = failed[0];
        return failed.Find(result => LoadFailure.Find(result.Message) is not null) is { } broken
            ? throw new HarnessException($"{broken.Name} did not run: {broken.Message}")
            : new CatcherRun(
                Failed: true,
                string.Create(CultureInfo.InvariantCulture, $"{failed.Count} of {results.Count} tests, {(first.EndedAt - started).TotalSeconds:0.0} s"),
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
        var folder = Folders.Fresh("baseline", project, testProject);
        var assembly = await ProductCompiler.CompileAsync(project, bug: null, Folders.Fresh("baseline", project, testProject, "compiled"));
        var results = await RunAsync(testProject, tests, assembly, folder);
        Directory.Delete(folder, recursive: true);
        return results;
    }

    private static async Task<IReadOnlyList<TestResult>> RunAsync(
        string testProject, IReadOnlyList<string> tests, string assembly, string folder)
    {
        var copy = Folders.CopyWith(testProject, assembly, Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName);
        var report = Path.Combine(folder, "results.trx");
        // A bug can make a test run for ever: timeout ends the runner and the test host, as a process group. The guard of what
        // the tests started stands outside it.
        await using var runner = ProcessHandle.Start("timeout",
        [
            "--signal=KILL", Limit.TotalSeconds.ToString(CultureInfo.InvariantCulture), ProductCompiler.DotnetPath, "vstest", copy,
            "--TestCaseFilter:" + string.Join('|', tests.Select(test => "FullyQualifiedName~" + test)),
            $"--logger:trx;LogFileName={report}",
            "--ResultsDirectory:" + folder,
        ]);
        await runner.WaitForExitAsync(2 * Limit);
        if (!File.Exists(report))
            throw new HarnessException($"{testProject} did not run:\n{string.Join('\n', runner.Lines)}");
        var results = TestResult.Read(report);
        // With a failure the exit status is 1; without one it must be 0, or the run broke off.
        return results.Count > 0 && (runner.ExitCode == 0 || results.Any(result => result.Outcome == "Failed"))
            ? results
            : throw new HarnessException($"{testProject} broke off:\n{string.Join('\n', runner.Lines)}");
    }
}

/// <summary>One test of a run.</summary>
internal sealed record TestResult(string Name, string Outcome, string Message, DateTimeOffset EndedAt)
{
    public static IReadOnlyList<TestResult> Read(string trx) =>
        [.. XDocument.Load(trx).Descendants().Where(element => element.Name.LocalName == "UnitTestResult").Select(Of)];

    private static TestResult Of(XElement result) => new(
        (string)result.Attribute("testName")!,
        (string)result.Attribute("outcome")!,
        result.Descendants().FirstOrDefault(element => element.Name.LocalName == "Message")?.Value ?? "",
        (DateTimeOffset)result.Attribute("endTime")!);
}
