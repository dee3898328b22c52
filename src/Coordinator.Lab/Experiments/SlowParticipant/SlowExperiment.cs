using System.Diagnostics;
using System.Globalization;
using Coordinator.Client;
using Coordinator.Lab.Measure;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.SlowParticipant;

/// <summary>What to run it with.</summary>
internal sealed record SlowParameters
{
    /// <summary>Seconds that a condition lasts.</summary>
    public double Seconds { get; init; } = 12;

    /// <summary>How long the slow database takes for each answer, in seconds.</summary>
    public double Answer { get; init; } = 2;

    /// <summary>Deadline of transactions and limit of waiting for a row, in seconds: tight.</summary>
    public double Tight { get; init; } = 1;

    /// <summary>The same: loose.</summary>
    public double Loose { get; init; } = 10;

    public int Seed { get; init; } = 7;
}

/// <summary>What is wrong with one database.</summary>
internal enum Condition
{
    Healthy,

    /// <summary>Each of its answers takes seconds.</summary>
    Slow,

    /// <summary>It keeps its connections, and answers nothing.</summary>
    Hanging,

    /// <summary>Its server is down.</summary>
    Stopped,
}

/// <summary>Experiment 3: one database is slow, hangs or is stopped, under tight and loose deadlines.</summary>
internal sealed class SlowExperiment(SlowParameters parameters) : IExperiment
{
    private const int SharedRows = 3, Rows = 40, ClientsEach = 2;
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(90);
    private int _orders;

    public string Id => "slow-participant";

    public string Title => "One slow participant";

    public double Weight => 8;

    public async Task<ExperimentResult> RunAsync(Databases databases, LabProgress progress, CancellationToken cancellationToken)
    {
        var shop = await Shop.CreateAsync(databases, Rows);
        await using var link = new DelayProxy(databases.MariaDb.Port, TimeSpan.Zero, parameters.Seed);
        await using var coordinator = await CoordinatorProcess.StartAsync();
        await using var participants = await ParticipantsHost.StartAsync(
            shop, coordinator.Address, TimeSpan.FromSeconds(parameters.Loose),
            inventory: shop.Inventory.Replace($"Port={databases.MariaDb.Port}", $"Port={link.Port}", StringComparison.Ordinal));
        await participants.WhenAttachedAsync();
        using var client = CoordinatorClient.Connect(coordinator.Address);
        var runs = new List<SlowRun>();
        foreach (var condition in Enum.GetValues<Condition>())
        {
            foreach (var limit in new[] { parameters.Tight, parameters.Loose })
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Next(string.Create(CultureInfo.InvariantCulture, $"{condition}, limit {limit} s"), 1);
                var orders = new TwoPhaseOrders(client, participants) { Timeout = TimeSpan.FromSeconds(limit), LockTimeout = TimeSpan.FromSeconds(limit) };
                await WhenHealthyAsync(orders);
                runs.Add(await RunOneAsync(new Site(databases, shop, link, participants, orders), condition, TimeSpan.FromSeconds(limit), cancellationToken));
            }
        }

        return new SlowResult(parameters, runs);
    }

    private async Task<SlowRun> RunOneAsync(Site site, Condition condition, TimeSpan limit, CancellationToken cancellationToken)
    {
        var (databases, shop, link, participants, orders) = site;
        using var stop = new CancellationTokenSource();
        var touching = RunAsync(limit, (random, giveUp) => orders.PlaceAsync(NextOrder(random), giveUp), stop.Token);
        var elsewhere = RunAsync(limit, (random, giveUp) => orders.TouchAsync(SharedRows + 1 + random.Next(Rows - SharedRows), 1 + random.Next(500), giveUp), stop.Token);
        var sameRows = RunAsync(limit, (random, giveUp) => orders.TouchAsync(1 + random.Next(SharedRows), 501 + random.Next(500), giveUp), stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);

        await BeginAsync(databases, link, condition);
        participants.OrdersLocks.Take();
        var from = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(parameters.Seconds), cancellationToken);
        var until = Stopwatch.GetTimestamp();
        var stillHeld = participants.OrdersLocks.Held();
        await EndAsync(databases, link, condition);
        await stop.CancelAsync();
        GroupResult[] groups =
        [
            GroupResult.Of("touch it", await touching, from, until), GroupResult.Of("other rows", await elsewhere, from, until),
            GroupResult.Of("same rows elsewhere", await sameRows, from, until),
        ];
        await using var rest = await Rest.OpenAsync(shop);
        await rest.WhenNothingIsPreparedAsync(SettleLimit);
        var locks = Distribution.Of([.. participants.OrdersLocks.Take(), .. stillHeld]);
        return new SlowRun(condition, limit.TotalSeconds, groups, locks, (await shop.CompareAsync()).Split);
    }

    // After an outage the participant attaches again, and its sessions are made anew.
    private async Task WhenHealthyAsync(TwoPhaseOrders orders)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await orders.PlaceAsync(NextOrder(new Random(parameters.Seed)), CancellationToken.None);
                return;
            }
            catch (Exception failure) when (Failures.Classify(failure) is not null && Stopwatch.GetElapsedTime(started) < SettleLimit)
            {
                await Task.Delay(50);
            }
        }
    }

    private static Task<LoadResult> RunAsync(TimeSpan limit, Func<Random, CancellationToken, Task> work, CancellationToken stop) => Load.RunUntilAsync(
        ClientsEach,
        seed: 1,
        async (_, random, _) =>
        {
            // The application's own patience, a little longer than the transaction's.
            using var patience = new CancellationTokenSource(limit + TimeSpan.FromSeconds(0.5));
            await work(random, patience.Token);
        },
        stop);

    private async Task BeginAsync(Databases databases, DelayProxy link, Condition condition)
    {
        if (condition == Condition.Slow)
            link.Delay = TimeSpan.FromSeconds(parameters.Answer / 2);
        else if (condition == Condition.Hanging)
            await databases.MariaDb.PauseAsync();
        else if (condition == Condition.Stopped)
            await databases.MariaDb.KillAsync();
    }

    private static async Task EndAsync(Databases databases, DelayProxy link, Condition condition)
    {
        link.Delay = TimeSpan.Zero;
        if (condition == Condition.Hanging)
            await databases.MariaDb.ResumeAsync();
        else if (condition == Condition.Stopped)
            await databases.MariaDb.RestartAsync();
    }

    private Order NextOrder(Random random) =>
        new(string.Create(CultureInfo.InvariantCulture, $"order-{Interlocked.Increment(ref _orders)}"), 1 + random.Next(SharedRows), Second: null);

    private sealed record Site(Databases Databases, Shop Shop, DelayProxy Link, ParticipantsHost Participants, TwoPhaseOrders Orders);
}
