using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;
using Grpc.Net.Client;

namespace Coordinator.Benchmarks.Rpc;

/// <summary>
/// What the transport alone costs: a unary call, a message of a duplex stream, and one that shares its frame with others
/// that wait. Against a service that does nothing, in a process of its own.
/// </summary>
internal static class RpcCommand
{
    public const string Unary = "unary", Stream = "stream", Framed = "stream-framed";

    // As long as a transaction's id and two branches.
    private static readonly string Text = new('x', 120);

    public static IReadOnlyList<string> Names { get; } = [Unary, Stream, Framed];

    public static async Task<int> RunAsync(BenchmarkOptions options)
    {
        var rows = new List<Row>();
        await using (var progress = ProgressBar.Start())
        {
            var (process, address) = await EchoServer.StartProcessAsync();
            await using (process)
            {
                using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
                {
                    HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
                });
                var client = new Echo.EchoClient(channel);
                await using var single = new Conversation(client, messagesPerFrame: 1);
                await using var framed = new Conversation(client, messagesPerFrame: 256);
                (string Name, Func<Task> Ask)[] ways = [.. new (string Name, Func<Task> Ask)[]
                {
                    (Unary, async () => await client.CallAsync(new EchoMessage { Text = Text })),
                    (Stream, () => single.AskAsync(Text)),
                    (Framed, () => framed.AskAsync(Text)),
                }.Where(way => options.Includes(way.Name))];
                MeasuredProcess[] processes = [new MeasuredProcess("client", Environment.ProcessId), new MeasuredProcess("server", process.Id)];
                progress.Plan(ways.Length * (1 + (options.Rounds * options.Workers.Count)));
                foreach (var (name, ask) in ways)
                {
                    progress.Next($"{name}, warming up");
                    await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RepeatAsync(ask, options.WarmUpTransactions / 8)));
                }

                foreach (var workers in options.Workers)
                    rows.AddRange(await MeasureAsync(workers, ways, processes, options, progress));
            }
        }

        await WriteAsync(rows, options);
        return 0;
    }

    private static async Task<IEnumerable<Row>> MeasureAsync(
        int workers, (string Name, Func<Task> Ask)[] ways, MeasuredProcess[] processes, BenchmarkOptions options, ProgressBar progress)
    {
        var slices = await Turns.TakeAsync(
            [.. ways.Select(way => (way.Name, Measure: (Func<Task<Slice>>)(() =>
                Slice.MeasureAsync([.. Enumerable.Repeat(way.Ask, workers)], options.SliceLength, processes, readLog: null))))],
            $"{workers} at once", options, progress);
        return ways.Select(way => Points.Of(way.Name, workers, databases: null, slices[way.Name], slices.GetValueOrDefault(Unary)));
    }

    private static async Task RepeatAsync(Func<Task> ask, int times)
    {
        for (var i = 0; i < times; i++)
            await ask();
    }

    private static async Task WriteAsync(List<Row> rows, BenchmarkOptions options)
    {
        var grid = new Grid("way", "at once", "a second", "/ unary", "p50 µs", "p99 µs", "CPU µs", "client", "server");
        foreach (var row in rows)
        {
            grid.Add(
                row.Case, Grid.Number(row.Workers), Grid.Number(row.Tps), Grid.Number(row.RatioToFloor, 2), Grid.Number(row.P50Us),
                Grid.Number(row.P99Us), Grid.Number(row.CpuUsPerTx), Grid.Number(row.CpuUs["client"]), Grid.Number(row.CpuUs["server"]));
        }

        await options.Output.WriteLineAsync();
        grid.Write(options.Output);
        await options.Output.WriteLineAsync($"\n{Machine.Describe()}\nmedians of {options.Rounds} rounds of {options.SliceLength.TotalSeconds:0.0##} s; one channel, one stream");
        await Reports.WriteFilesAsync(rows, options, "gRPC against a service that does nothing", "calls or messages a second", row => row.Tps);
    }
}
