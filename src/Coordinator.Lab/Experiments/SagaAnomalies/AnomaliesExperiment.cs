using System.Globalization;
using Coordinator.Client;
using Coordinator.Lab.Measure;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;
using Coordinator.Saga;

namespace Coordinator.Lab.Experiments.SagaAnomalies;

/// <summary>What to run it with.</summary>
internal sealed record AnomaliesParameters
{
    /// <summary>Seconds that each way is run.</summary>
    public double Seconds { get; init; } = 10;

    public int Clients { get; init; } = 6;

    /// <summary>Units of each product there are.</summary>
    public int Stock { get; init; } = 4;

    /// <summary>One customer in so many has an empty account.</summary>
    public int DeclinedOneIn { get; init; } = 4;

    public int Seed { get; init; } = 7;
}

/// <summary>Experiment 4: what others can see of a purchase that is under way, and what is left of one that turned back.</summary>
internal sealed class AnomaliesExperiment(AnomaliesParameters parameters) : IExperiment
{
    private const int Products = 1000, Customers = 40;
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);

    public string Id => "saga-anomalies";

    public string Title => "What a saga shows to others";

    public double Weight => 3;

    public async Task<ExperimentResult> RunAsync(Databases databases, LabProgress progress, CancellationToken cancellationToken)
    {
        var ways = new List<WayResult>();
        foreach (var (name, definition) in new[] { ("two-phase commit", null), ("saga, look first", Purchase.LookFirst), ("saga, reserve first", Purchase.ReserveFirst) })
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress.Next(name, 1);
            ways.Add(await RunOneAsync(databases, name, definition));
        }

        return new AnomaliesResult(parameters, ways[0], ways[1], ways[2]);
    }

    private async Task<WayResult> RunOneAsync(Databases databases, string name, SagaDefinition? definition)
    {
        var shop = await Shop.CreateAsync(databases, Products, parameters.Stock, Customers);
        await using (var billing = await shop.OpenBillingAsync())
            await Sql.ExecuteAsync(billing, "UPDATE customer SET balance = 0 WHERE id % @p0 = 0", parameters.DeclinedOneIn);
        await using var coordinator = await CoordinatorProcess.StartAsync();
        await using var participants = await ParticipantsHost.StartAsync(shop, coordinator.Address, LockTimeout);
        await participants.WhenAttachedAsync();
        using var client = CoordinatorClient.Connect(coordinator.Address);
        var folder = Directory.CreateTempSubdirectory("lab-saga-").FullName;
        try
        {
            await using var log = SqliteSagaLog.Open(Path.Combine(folder, "saga.db"));
            return await RunOneAsync(shop, name, definition, client, participants, log);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<WayResult> RunOneAsync(
        Shop shop, string name, SagaDefinition? definition, CoordinatorClient client, ParticipantsHost participants, SqliteSagaLog log)
    {
        int current = 1, number = 0, compensated = 0, stuck = 0, failedCompensations = 0;
        var driver = new SagaDriver(log, [Purchase.LookFirst, Purchase.ReserveFirst], Purchase.Steps(shop), new SagaOptions
        {
            CompensationAttempts = 4,
            OnRetry = (command, _) => Interlocked.Add(ref failedCompensations, command.Direction == StepDirection.Compensation ? 1 : 0),
        });
        var onlookers = new Onlookers(shop, client, participants, () => Volatile.Read(ref current));
        using var stop = new CancellationTokenSource();
        var looking = onlookers.RunAsync(stop.Token);
        var load = await Load.RunAsync(parameters.Clients, TimeSpan.FromSeconds(parameters.Seconds), parameters.Seed, BuyAsync);
        await stop.CancelAsync();
        await looking;
        await using var rest = await Rest.OpenAsync(shop);
        await rest.WhenNothingIsPreparedAsync(TimeSpan.FromSeconds(60));
        await using var orders = await shop.OpenOrdersAsync();
        await using var inventory = await shop.OpenInventoryAsync();
        await using var paying = await shop.OpenBillingAsync();
        var paid = (await Sql.TextsAsync(paying, "SELECT id FROM payment")).ToHashSet();
        return new WayResult(
            name, load.Throughput, load.Count(AttemptEnd.Done), load.Count(AttemptEnd.Refused), compensated, stuck, failedCompensations + stuck,
            onlookers.PlainLooks, onlookers.SeenHalf, await onlookers.SeenAndGoneAsync(), onlookers.LockedLooks, onlookers.LockedMismatches,
            (int)await Sql.NumberAsync(inventory, "SELECT COALESCE(SUM(-available), 0) FROM stock WHERE available < 0"),
            (await Sql.TextsAsync(orders, "SELECT id FROM orders")).Count(id => !paid.Contains(id)),
            (await shop.CompareAsync()).Split);

        // All clients want the same product until it is sold out, and then the next one.
        async Task BuyAsync(int client_, Random random, CancellationToken cancellationToken)
        {
            var product = Volatile.Read(ref current);
            var id = string.Create(CultureInfo.InvariantCulture, $"buy-{Interlocked.Increment(ref number)}");
            var purchase = new Purchase(new Order(id, product, null), 1 + random.Next(Customers));
            try
            {
                if (definition is null)
                    await purchase.BuyAsync(client, participants, cancellationToken);
                else
                    await RunSagaAsync(definition, purchase);
            }
            catch (StepRefusedException refused) when (refused.Message.Contains("sold out", StringComparison.Ordinal))
            {
                Interlocked.CompareExchange(ref current, Math.Min(product + 1, Products), product);
                throw;
            }
        }

        async Task RunSagaAsync(SagaDefinition saga, Purchase purchase)
        {
            var result = await driver.RunAsync(saga.Name, purchase.Order.Id, purchase.ToString());
            if (result.Outcome == SagaOutcome.Stuck)
                Interlocked.Increment(ref stuck);
            if (result.Outcome == SagaOutcome.Compensated && !result.Reason!.Contains("sold out", StringComparison.Ordinal))
                Interlocked.Increment(ref compensated);
            if (result.Outcome != SagaOutcome.Completed)
                throw new StepRefusedException(result.Reason!);
        }
    }
}
