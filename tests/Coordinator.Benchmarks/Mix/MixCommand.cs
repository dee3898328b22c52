using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;
using Coordinator.Benchmarks.Rpc;
using Coordinator.Benchmarks.TwoPhase;
using Grpc.Net.Client;

namespace Coordinator.Benchmarks.Mix;

/// <summary>
/// Transactions that need no two-phase commit: those that only read, and those with one branch. Each beside the same by
/// hand, than which it may cost one call more, and on MariaDB the witness row, which that by hand writes too.
/// </summary>
internal static class MixCommand
{
    public const string Call = "call";

    private const string Text = "a transaction's id and a branch, about as long as that is in a commit";

    public static async Task<int> RunAsync(BenchmarkOptions options)
    {
        var rows = new List<Row>();
        var folder = Directory.CreateTempSubdirectory("coordinator-benchmarks-").FullName;
        try
        {
            await using var progress = ProgressBar.Start();
            await using var servers = await ServerPair.StartAsync(ServerPair.Names[0]);
            await using (var application = await SdkApplication.StartAsync(await servers.CreateDatabasesAsync(), Path.Combine(folder, "on"), witness: true))
            await using (var witnessOff = await SdkApplication.StartAsync(await servers.CreateDatabasesAsync(), Path.Combine(folder, "off"), witness: false))
            {
                var (echo, address) = await EchoServer.StartProcessAsync();
                await using var _ = echo;
                using var channel = GrpcChannel.ForAddress(address);
                var client = new Echo.EchoClient(channel);
                var cases = MixCase.All(
                    application, witnessOff, async () => await client.CallAsync(new EchoMessage { Text = Text }),
                    [MeasuredProcess.Own, new MeasuredProcess("server", echo.Id)]);
                rows = await MeasureAsync(cases, servers, options, progress);
            }

            await WholeCheck.NothingPreparedAsync(servers);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        await MixReport.WriteAsync(rows, options);
        return 0;
    }

    private static async Task<List<Row>> MeasureAsync(
        IReadOnlyList<MixCase> cases, ServerPair servers, BenchmarkOptions options, ProgressBar progress)
    {
        var crews = new List<(MixCase Case, Crew Crew)>();
        foreach (var each in cases)
        {
            var processes = each.Database is null ? each.Processes : [.. servers.Processes, .. each.Processes];
            crews.Add((each, await Crew.OpenAsync(each.Name, processes, readLog: null, each.Open, options.Workers.Max())));
        }

        progress.Plan(1 + (crews.Count * options.Workers.Count * options.Rounds));
        progress.Next("warming up");
        await WarmUp.RunAsync([.. crews.Select(each => each.Crew)], options);

        var rows = new List<Row>();
        foreach (var workers in options.Workers)
        {
            var slices = await Turns.TakeAsync(
                [.. crews.Select(each => (each.Crew.Name, Measure: (Func<Task<Slice>>)(() => each.Crew.RunAsync(workers, options.SliceLength))))],
                $"{workers} workers", options, progress);
            rows.AddRange(cases.Select(each => ToRow(each, workers, servers.Name, slices)));
        }

        foreach (var group in crews.Where(each => each.Case.Database is not null).GroupBy(each => each.Case.Database!))
            await WholeCheck.ChangesAsync(group.Key, group.Where(each => each.Case.Work == Work.Write).Sum(each => each.Crew.Committed));
        foreach (var (_, crew) in crews)
            await crew.DisposeAsync();
        return rows;
    }

    private static Row ToRow(MixCase each, int workers, string databases, Dictionary<string, List<Slice>> slices)
    {
        var row = Points.Of(each.Name, workers, databases, slices[each.Name], each.Standard is null ? null : slices[each.Standard]);
        if (each.Standard is null)
            return row;
        var allowed = slices[each.Standard].Zip(slices[Call], (standard, call) => Cpu(standard) + Cpu(call));
        return row with { Figures = new Dictionary<string, double> { [MixReport.Allowed] = Medians.Of(allowed) } };
    }

    private static double Cpu(Slice slice) => slice.CpuUs.Values.Sum() / slice.Transactions;
}
