using System.Globalization;
using Coordinator.Lab.Measure;
using Coordinator.Lab.World;
using Coordinator.Testing;

namespace Coordinator.Lab.Experiments.CoordinatorKilled;

/// <summary>Kills the saga's driver, a process of its own, while one saga stands between its steps and others are under way.</summary>
internal sealed class SagaOutage(KilledParameters parameters, Databases databases)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public async Task<Outage> RunAsync(CancellationToken cancellationToken)
    {
        var shop = await Shop.CreateAsync(databases, Observation.Products);
        var folder = Directory.CreateTempSubdirectory("lab-saga-").FullName;
        try
        {
            return await RunAsync(shop, Path.Combine(folder, "saga.db"), cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<Outage> RunAsync(Shop shop, string log, CancellationToken cancellationToken)
    {
        await using var rest = await Rest.OpenAsync(shop);
        Observation? observing = null;
        var done = new List<Sample>();
        await using var observation = new Observation(
            shop,
            async look =>
            {
                done.Add(new Sample(observing?.Now ?? 0, await look.ReservationsAsync()));
                return (await look.HalfDoneAsync()).Count;
            },
            parameters.Seed);
        observing = observation;
        double stoppedAt, killedAt;
        await using (var driver = Start(shop, log, run: 1, drill: true))
        {
            await driver.WaitForLineAsync("drill reached", Limit);
            stoppedAt = observation.Now;
            await Task.Delay(TimeSpan.FromSeconds(0.5), cancellationToken);
            killedAt = observation.Now;
            await driver.KillAsync();
        }

        await observation.UntilAsync(killedAt + (parameters.Down / 2), cancellationToken);
        var left = await rest.HalfDoneAsync();
        var lockedRows = await Observation.LockedRowsAsync(rest);
        await observation.UntilAsync(killedAt + parameters.Down, cancellationToken);

        var restartedAt = observation.Now;
        await using var again = Start(shop, log, run: 2, drill: false);
        await again.WaitForLineAsync("serving", Limit);
        var servingAt = observation.Now;
        while ((await rest.HalfDoneAsync()).Overlaps(left))
        {
            if (observation.Now > restartedAt + Limit.TotalSeconds)
                throw new TimeoutException($"Sagas are still half done {Limit.TotalSeconds:0} s after the restart.");
            await Task.Delay(10, cancellationToken);
        }

        var settledAt = observation.Now;
        await Task.Delay(TimeSpan.FromSeconds(parameters.After), cancellationToken);
        var endedAt = observation.Now;
        await again.TerminateAsync(Limit);
        var (otherRows, sameRow, held, waiting) = await observation.EndAsync();
        var comparison = await shop.CompareAsync();
        return new Outage(
            "saga driver", stoppedAt, killedAt, restartedAt, servingAt, settledAt, endedAt, left.Count, lockedRows, left.Count,
            (int)waiting.Where(sample => sample.At > killedAt && sample.At < settledAt).Select(sample => sample.Value).DefaultIfEmpty(0).Max(),
            sameRow.Count(AttemptEnd.LockTimeout), "completed", comparison.Split, Rate(done, endedAt),
            observation.Rate(otherRows, endedAt), observation.Rate(sameRow, endedAt), held, waiting);
    }

    // Every saga's last step leaves a reservation, so their number tells how many got there.
    private static IReadOnlyList<Sample> Rate(List<Sample> done, double until)
    {
        var moments = new List<double>();
        for (var i = 1; i < done.Count; i++)
        {
            for (var n = done[i - 1].Value; n < done[i].Value; n++)
                moments.Add(done[i - 1].At + ((done[i].At - done[i - 1].At) * (n - done[i - 1].Value) / (done[i].Value - done[i - 1].Value)));
        }

        return Observation.Rate(moments, until);
    }

    private ProcessHandle Start(Shop shop, string log, int run, bool drill) => ProcessHandle.StartDotnet(
        CoordinatorProcess.Program("Coordinator.Lab", "lab"),
        [
            SagaWorker.Command, "--orders", shop.Orders, "--inventory", shop.Inventory, "--log", log,
            "--clients", parameters.Clients.ToString(CultureInfo.InvariantCulture),
            "--seed", (parameters.Seed + run).ToString(CultureInfo.InvariantCulture), "--run", run.ToString(CultureInfo.InvariantCulture),
            .. drill ? (string[])["--drill-after", parameters.Before.ToString(CultureInfo.InvariantCulture)] : [],
        ]);
}
