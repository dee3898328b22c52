using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>
/// Compares the cases on real servers. All of them are there for the whole run and take turns of a slice, in an order that
/// moves on each round, so that what else the machine does meets them alike; what counts is the median over the rounds.
/// </summary>
internal static class TwoPhaseCommand
{
    public static async Task<int> RunAsync(BenchmarkOptions options)
    {
        var rows = new List<Row>();
        await using (var progress = ProgressBar.Start())
        {
            foreach (var databases in options.Databases)
                rows.AddRange(await RunAsync(databases, options, progress));
        }

        await TwoPhaseReport.WriteAsync(rows, options);
        return 0;
    }

    private static async Task<List<Row>> RunAsync(string databases, BenchmarkOptions options, ProgressBar progress)
    {
        var folder = Directory.CreateTempSubdirectory("coordinator-benchmarks-").FullName;
        try
        {
            await using var servers = await ServerPair.StartAsync(databases);
            var cases = await CaseCatalog.StartAsync(servers, folder, options);
            try
            {
                progress.Plan(1 + (cases.Count * options.Workers.Count * options.Rounds));
                return await RunAsync(servers, cases, options, progress);
            }
            finally
            {
                await Task.WhenAll(cases.Select(each => each.DisposeAsync().AsTask()));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<Row>> RunAsync(
        ServerPair servers, List<ICase> cases, BenchmarkOptions options, ProgressBar progress)
    {
        var crews = new List<Crew>();
        foreach (var each in cases)
            crews.Add(await Crew.OpenAsync(
                each.Name, [.. servers.Processes, .. each.Processes], each.ReadLog, each.OpenWorkerAsync, options.Workers.Max()));
        progress.Next($"{servers.Name}, warming up");
        await WarmUp.RunAsync(crews, options);

        var rows = new List<Row>();
        foreach (var workers in options.Workers)
        {
            var slices = await Turns.TakeAsync(
                [.. crews.Select(crew => (crew.Name, Measure: (Func<Task<Slice>>)(() => crew.RunAsync(workers, options.SliceLength))))],
                $"{servers.Name}, {workers} workers", options, progress);
            rows.AddRange(crews.Select(crew => Points.Of(crew.Name, workers, servers.Name, slices[crew.Name], slices.GetValueOrDefault(FloorCase.Separate))));
        }

        foreach (var (each, crew) in cases.Zip(crews))
        {
            await WholeCheck.ChangesAsync(each.Databases.First, crew.Committed);
            await WholeCheck.ChangesAsync(each.Databases.Second, crew.Committed);
        }

        foreach (var crew in crews)
            await crew.DisposeAsync();
        await WholeCheck.NothingPreparedAsync(servers);
        return rows;
    }
}
