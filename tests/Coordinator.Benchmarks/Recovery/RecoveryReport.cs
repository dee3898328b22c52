using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;

namespace Coordinator.Benchmarks.Recovery;

internal static class RecoveryReport
{
    public const string BeginSeconds = "begin_s", CommitSeconds = "commit_s", AllSeconds = "all_recovered_s", ResidentMb = "resident_mb";

    public static async Task WriteAsync(IReadOnlyList<Row> rows, BenchmarkOptions options)
    {
        var grid = new Grid("start with", "s until Begin", "s until a commit", "s until all recovered", "resident MB");
        foreach (var row in rows)
        {
            grid.Add(
                row.Case, Grid.Number(row.Figures[BeginSeconds], 2), Grid.Number(row.Figures[CommitSeconds], 2),
                Grid.Number(row.Figures.TryGetValue(AllSeconds, out var all) ? all : null, 2), Grid.Number(row.Figures[ResidentMb], 1));
        }

        await options.Output.WriteLineAsync();
        grid.Write(options.Output);
        await options.Output.WriteLineAsync();
        Goal.Write(options.Output, [.. Goals(rows)]);
        await options.Output.WriteLineAsync(
            $"\nfrom the start of the coordinator's process; the commit is of an application that is started once it listens\n{Machine.Describe()}");
        await Reports.WriteFilesAsync(rows, options, "Start of a coordinator", "seconds until a commit", row => row.Figures[CommitSeconds]);
    }

    public static IEnumerable<Goal> Goals(IReadOnlyList<Row> rows) => rows
        .Where(row => row.Case == $"{RecoveryCommand.Undelivered}-100000")
        .SelectMany(row => new[]
        {
            new Goal("seconds until Begin is answered, 100,000 undelivered decisions", AtLeast: false, 2, row.Figures[BeginSeconds]),
            new Goal("seconds until an application that starts then has committed", AtLeast: false, 2, row.Figures[CommitSeconds]),
        });
}
