using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Coordinator.PlantedBugs.Host;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>
/// The seeded simulator, from seed 1 on. A bug is caught if some schedule violates an invariant that holds in the same
/// schedule without the bug; the table says which seed was the first.
/// </summary>
public sealed partial record Simulator : Catcher
{
    private const string Project = "Coordinator.Simulation";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Baselines = new();

    // The simulator goes on to the end of its seeds: a few at first spare the rest where a bug shows soon. All are many more
    // than any bug here has needed, since a change elsewhere draws other faults.
    private static readonly int[] Portions = [200, 1_000, 4_000];

    public override string Title => "simulator";

    public override async Task<CatcherRun> RunAsync(string project, string assembly, string folder)
    {
        var first = 1;
        foreach (var portion in Portions)
        {
            if (await FindViolationAsync(assembly, first, portion) is { } found)
            {
                await RequireCleanAsync(project, found.Seed);
                return new CatcherRun(Failed: true, $"seed {found.Seed}", found.What);
            }

            first += portion;
        }

        return new CatcherRun(Failed: false, $"{first - 1} seeds passed", First: "");
    }

    private static async Task RequireCleanAsync(string project, int seed)
    {
        var assembly = await Baselines.GetOrAdd(project, _ => new(() => MakeBaselineAsync(project))).Value;
        if (await FindViolationAsync(assembly, seed, count: 1) is { } found)
            throw new HarnessException($"Without a bug seed {seed} is violated too: {found.What}");
    }

    private static Task<string> MakeBaselineAsync(string project) =>
        ProductCompiler.CompileAsync(project, bug: null, Folders.Fresh("baseline", project, "for-simulator"));

    private static async Task<(int Seed, string What)?> FindViolationAsync(string assembly, int first, int count)
    {
        var program = Path.Combine(Folders.OutputOf(Project), Project + ".dll");
        var run = await Hosts.RunAsync(
            Project, new Job(program, assembly, Tests: null, ["--seeds", $"{count}", "--first", $"{first}", "--threads", "1"]), Limit);
        var (status, lines) = (run.ExitCode, run.Output!);
        if (lines.Count == 0 || LastLine().Match(lines[^1]) is not { Success: true } last)
            throw new HarnessException($"The simulator did not run to its end:\n{string.Join('\n', lines.TakeLast(30))}");
        var violations = int.Parse(last.Groups["violations"].Value, CultureInfo.InvariantCulture);
        if (status != (violations > 0 ? 1 : 0))
            throw new HarnessException($"The simulator ended with {status}, and says: {lines[^1]}");
        if (violations == 0)
            return null;
        // The violations are told in the order of their seeds.
        var told = lines.Select(line => Violation().Match(line)).First(match => match.Success);
        var what = told.Groups["what"].Value;
        return LoadFailure.Find(what) is { } failure
            ? throw new HarnessException($"The simulator did not run: {failure}: {what}")
            : (int.Parse(told.Groups["seed"].Value, CultureInfo.InvariantCulture), what);
    }

    [GeneratedRegex(@"^simulation: schedules=\d+ violations=(?<violations>\d+)$")]
    private static partial Regex LastLine();

    [GeneratedRegex(@"^seed (?<seed>\d+), commit [^:]+: (?<what>.*)")]
    private static partial Regex Violation();
}
