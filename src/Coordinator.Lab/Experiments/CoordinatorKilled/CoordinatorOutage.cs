using System.Globalization;
using Coordinator.Client;
using Coordinator.Lab.Measure;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.CoordinatorKilled;

/// <summary>Kills the coordinator while one order stands at a commit point and others are under way.</summary>
internal sealed class CoordinatorOutage(KilledParameters parameters, Databases databases, string point)
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(60);
    private int _orders;

    public async Task<Outage> RunAsync(CancellationToken cancellationToken)
    {
        var shop = await Shop.CreateAsync(databases, Observation.Products);
        await using var coordinator = await CoordinatorProcess.StartAsync();
        await using var participants = await ParticipantsHost.StartAsync(shop, coordinator.Address, LockTimeout);
        await participants.WhenAttachedAsync();
        using var client = CoordinatorClient.Connect(new CoordinatorClientOptions(coordinator.Address) { MaxRetryDelay = TimeSpan.FromMilliseconds(500) });
        var orders = new TwoPhaseOrders(client, participants) { Timeout = TimeSpan.FromSeconds(30) };

        await using var rest = await Rest.OpenAsync(shop);
        await using var observation = new Observation(shop, async look => (await look.PreparedIdsAsync()).Count, parameters.Seed);
        var load = Load.RunUntilAsync(
            parameters.Clients, parameters.Seed, (_, random, stop) => orders.PlaceAsync(NextOrder(random), stop), observation.Stopping);
        await observation.UntilAsync(parameters.Before, cancellationToken);
        var drill = EndOfAsync(orders.PlaceAsync(new Order("drill", 1, null), CancellationToken.None, name: "drill-" + point));
        await coordinator.ReachedAsync(point);
        var stoppedAt = observation.Now;
        await Task.Delay(TimeSpan.FromSeconds(0.5), cancellationToken);

        var killedAt = observation.Now;
        await coordinator.KillAsync();
        var moment = await rest.NowAsync();
        await observation.UntilAsync(killedAt + (parameters.Down / 2), cancellationToken);
        var left = await rest.PreparedIdsAsync();
        var halfDone = await rest.HalfDoneAsync();
        var lockedRows = await Observation.LockedRowsAsync(rest);
        await observation.UntilAsync(killedAt + parameters.Down, cancellationToken);

        var restartedAt = observation.Now;
        await coordinator.StartAgainAsync();
        var servingAt = observation.Now;
        await WhenGoneAsync(rest, left, moment, observation);
        var settledAt = observation.Now;
        await Task.Delay(TimeSpan.FromSeconds(parameters.After), cancellationToken);
        var endedAt = observation.Now;

        var (otherRows, sameRow, held, waiting) = await observation.EndAsync();
        var placed = await load;
        var drillEnd = await drill;
        await rest.WhenNothingIsPreparedAsync(SettleLimit);
        var split = (await shop.CompareAsync()).Split;
        return new Outage(
            $"coordinator, {point}", stoppedAt, killedAt, restartedAt, servingAt, settledAt, endedAt, left.Count, lockedRows, halfDone.Count,
            (int)waiting.Where(sample => sample.At > killedAt && sample.At < settledAt).Select(sample => sample.Value).DefaultIfEmpty(0).Max(),
            sameRow.Count(AttemptEnd.LockTimeout), drillEnd, split, observation.Rate(placed, endedAt), observation.Rate(otherRows, endedAt),
            observation.Rate(sameRow, endedAt), held, waiting);
    }

    private Order NextOrder(Random random) => Order.Draw(
        string.Create(CultureInfo.InvariantCulture, $"order-{Interlocked.Increment(ref _orders)}"), random, Observation.OrderedProducts, Observation.FirstOrdered);

    // The drill's order is asked after by its client until the coordinator is back, and is then told.
    private static async Task<string> EndOfAsync(Task order)
    {
        try
        {
            await order;
            return "committed";
        }
        catch (TransactionAbortedException)
        {
            return "aborted";
        }
        catch (TransactionInDoubtException)
        {
            return "in doubt";
        }
    }

    // Prepared branches, and those that were still at work: these keep their rows too, until the participant meets the next epoch.
    private static async Task WhenGoneAsync(Rest rest, HashSet<string> left, (string, string) moment, Observation observation)
    {
        var limit = observation.Now + SettleLimit.TotalSeconds;
        while ((await rest.PreparedIdsAsync()).Overlaps(left) || await rest.OpenSinceAsync(moment) > 0)
        {
            if (observation.Now > limit)
                throw new TimeoutException($"What the kill left still holds locks {SettleLimit.TotalSeconds:0} s after the restart.");
            await Task.Delay(10);
        }
    }
}
