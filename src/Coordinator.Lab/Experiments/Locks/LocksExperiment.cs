using System.Diagnostics;
using System.Globalization;
using Coordinator.Lab.Measure;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.Locks;

/// <summary>What to run it with.</summary>
internal sealed record LocksParameters
{
    /// <summary>How many products the orders are spread over; fewer are hotter.</summary>
    public IReadOnlyList<int> Products { get; init; } = [1, 10, 100, 1000];

    /// <summary>Milliseconds one way between coordinator and participants.</summary>
    public IReadOnlyList<int> Delays { get; init; } = [0, 1, 5, 20];

    /// <summary>Products while the delay is varied.</summary>
    public int DelayProducts { get; init; } = 100;

    /// <summary>How long each point is measured.</summary>
    public double Seconds { get; init; } = 3;

    public int Clients { get; init; } = 8;

    public int Seed { get; init; } = 7;
}

/// <summary>Experiment 1: what each way of ordering costs in throughput and locked rows, by contention and by distance.</summary>
internal sealed class LocksExperiment(LocksParameters parameters) : IExperiment
{
    private const int Probes = 9;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    public string Id => "locks";

    public string Title => "Locks";

    public async Task<ExperimentResult> RunAsync(Databases databases, LabProgress progress, CancellationToken cancellationToken)
    {
        progress.Next("starting", 1);
        await using var bench = await LocksBench.StartAsync(databases, parameters.Products.Append(parameters.DelayProducts).Max(), parameters.Seed, LockTimeout);
        await WarmUpAsync(bench);
        var points = new List<LockPoint>();
        foreach (var (products, delay) in Plan())
        {
            bench.SetDelay(TimeSpan.FromMilliseconds(delay));
            foreach (var way in Enum.GetValues<Way>())
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Next(string.Create(CultureInfo.InvariantCulture, $"{way} · {products} products · {delay} ms"), 1);
                points.Add(await MeasureAsync(bench, way, products, delay));
            }
        }

        var waits = new List<LockWait>();
        foreach (var delay in parameters.Delays)
        {
            progress.Next(string.Create(CultureInfo.InvariantCulture, $"a second session waits · {delay} ms"), 0.3);
            bench.SetDelay(TimeSpan.FromMilliseconds(delay));
            waits.Add(await ProbeAsync(bench, delay));
        }

        return new LocksResult(parameters, points, waits);
    }

    /// <summary>How much there is to do, in the units of its progress.</summary>
    public double Weight => 1 + (Plan().Count * 3) + (parameters.Delays.Count * 0.3);

    private List<(int Products, int Delay)> Plan() =>
    [
        .. parameters.Products.Select(products => (products, 0))
            .Concat(parameters.Delays.Select(delay => (parameters.DelayProducts, delay)))
            .Distinct(),
    ];

    private async Task WarmUpAsync(LocksBench bench)
    {
        foreach (var way in Enum.GetValues<Way>())
            await Load.RunAsync(parameters.Clients, TimeSpan.FromSeconds(0.5), parameters.Seed, (_, random, stop) =>
                bench.PlaceAsync(way, Order.Draw(bench.NextId(way), random, parameters.DelayProducts), stop));
    }

    private async Task<LockPoint> MeasureAsync(LocksBench bench, Way way, int products, int delay)
    {
        bench.Clear(way);
        var load = await Load.RunAsync(parameters.Clients, TimeSpan.FromSeconds(parameters.Seconds), HashCode.Combine(parameters.Seed, products), (_, random, stop) =>
            bench.PlaceAsync(way, Order.Draw(bench.NextId(way), random, products), stop));
        await bench.SettleAsync();
        var (orders, inventory) = bench.TakeLockTimes(way);
        var comparison = await bench.ShopOf(way).CompareAsync();
        return new LockPoint(
            way, products, delay, bench.MeasuredDelay(way).TotalMilliseconds, load.Throughput, load.Latency, Distribution.Of(orders), Distribution.Of(inventory),
            load.Count(AttemptEnd.Done), load.Count(AttemptEnd.Deadlock), load.Count(AttemptEnd.LockTimeout),
            load.Attempts.Count - load.Count(AttemptEnd.Done) - load.Count(AttemptEnd.Deadlock) - load.Count(AttemptEnd.LockTimeout),
            bench.TakeRetries(), comparison.Split);
    }

    // The clock's word against a session that really waits for the row.
    private static async Task<LockWait> ProbeAsync(LocksBench bench, int delay)
    {
        var waited = new List<double>();
        await using var session = await bench.ShopOf(Way.TwoPhase).OpenOrdersAsync();
        await Sql.NumberAsync(session, "SELECT sold FROM sales WHERE product = 1");
        bench.Clear(Way.TwoPhase);
        for (var i = 0; i < Probes; i++)
        {
            Task<double>? waiting = null;
            await bench.PlaceTwoPhaseAsync(new Order(bench.NextId(Way.TwoPhase), 1, null), () =>
            {
                waiting = WaitForRowAsync(session);
                return Task.CompletedTask;
            });
            waited.Add(await waiting!);
        }

        await bench.SettleAsync();
        return new LockWait(delay, bench.MeasuredDelay(Way.TwoPhase).TotalMilliseconds, Distribution.Of(bench.TakeLockTimes(Way.TwoPhase).Orders).P50, Distribution.Of(waited).P50);
    }

    private static async Task<double> WaitForRowAsync(System.Data.Common.DbConnection session)
    {
        var started = Stopwatch.GetTimestamp();
        await Sql.ExecuteAsync(session, "UPDATE sales SET sold = sold WHERE product = 1");
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
