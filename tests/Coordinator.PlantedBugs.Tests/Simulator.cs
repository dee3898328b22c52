using System.Globalization;
using System.Text.RegularExpressions;
using Coordinator.Testing;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>
/// The seeded simulator, from seed 1 on. A bug is caught if some schedule violates an invariant; the table says which seed
/// was the first.
/// </summary>
/// <param name="Seeds">How many schedules at most. Kept well above what a bug needed: a change elsewhere draws other faults.</param>
public sealed partial record Simulator(int Seeds) : Catcher
{
    private const string Project = "Coordinator.Simulation";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Task<CatcherRun>> Baselines = [];

    // The simulator goes on to the end of its seeds; a few at first spare the rest where a bug shows at once.
    private static readonly int[] Portions = [200, 1_000, int.MaxValue];

    public override string Title => "simulator";

    public override async Task<CatcherRun> RunAsync(string product, string folder)
    {
        var program = Folders.CopyWith(Project, product, folder);
        var done = 0;
        foreach (var portion in Portions)
        {
            var count = Math.Min(portion, Seeds - done);
            if (count <= 0)
                break;
            if (await RunAsync(program, done + 1, count) is { } found)
                return found;
            done += count;
        }

        return new CatcherRun(Failed: false, $"{done} seeds passed", First: "");
    }

    public override async Task RequireBaselineAsync(string product)
    {
        Task<CatcherRun> baseline;
        lock (Gate)
        {
            if (!Baselines.TryGetValue(product, out baseline!))
                Baselines[product] = baseline = RunBaselineAsync(product);
        }

        if (await baseline is { Failed: true } violated)
            throw new HarnessException($"Without a bug the simulator violates an invariant at {violated.HowSoon}: {violated.First}");
    }

    private static async Task<CatcherRun> RunBaselineAsync(string product)
    {
        var seeds = AllBugs.Of(product).SelectMany(bug => bug.CaughtBy).OfType<Simulator>().Max(simulator => simulator.Seeds);
        var folder = Folders.Fresh("baseline", product, Project);
        var assembly = await ProductCompiler.CompileAsync(product, bug: null, Folders.Fresh("baseline", product, "compiled"));
        var run = await new Simulator(seeds).RunAsync(assembly, folder);
        Directory.Delete(folder, recursive: true);
        return run;
    }

    // Null if no schedule was violated.
    private static async Task<CatcherRun?> RunAsync(string program, int first, int count)
    {
        await using var simulator = ProcessHandle.StartDotnet(
            program, ["--seeds", $"{count}", "--first", $"{first}", "--threads", "1"]);
        var status = await simulator.WaitForExitAsync(Limit);
        var lines = simulator.Lines;
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
            : new CatcherRun(Failed: true, $"seed {told.Groups["seed"].Value}", what);
    }

    [GeneratedRegex(@"^simulation: schedules=\d+ violations=(?<violations>\d+)$")]
    private static partial Regex LastLine();

    [GeneratedRegex(@"^seed (?<seed>\d+), commit [^:]+: (?<what>.*)")]
    private static partial Regex Violation();
}
