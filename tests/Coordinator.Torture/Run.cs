using System.Diagnostics;
using Coordinator.Torture.Checks;
using Coordinator.Torture.Kills;
using Coordinator.Torture.Output;

namespace Coordinator.Torture;

/// <summary>
/// One run: start everything, then round after round kill while clients work, heal, and inspect; at last say what was
/// done and what was found.
/// </summary>
internal static class Run
{
    /// <returns>0 only if nothing is broken.</returns>
    public static async Task<int> ExecuteAsync(TortureOptions options, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        using var timeIsUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var tally = new KillTally();
        await using var world = await World.StartAsync(options.Seed, options.Clients);
        var inspection = new Inspection(world, tally, options.HealLimit);
        var plan = KillPlan.Make(options.Kinds, world.Databases, options.Kills, options.Seed);
        timeIsUp.CancelAfter(options.Limit);
        string? brokeOff = null;
        try
        {
            await using var progress = Progress.Start(plan.Sum(strike => strike.Kind.Kills), world, tally, inspection, toError: options.Json);
            var killer = new Killer(world, tally, options.Seed);
            foreach (var round in plan.Chunk(options.Round).TakeWhile(_ => !timeIsUp.IsCancellationRequested && inspection.Findings.Count == 0))
            {
                await Task.WhenAll(Enumerable.Range(0, options.Clients).Select(world.StartClientAsync));
                await killer.RunAsync(round, timeIsUp.Token);
                await world.StopClientsAsync();
                await inspection.RunAsync();
            }
        }
        catch (Exception failure)
        {
            // Whatever it is: the figures and the logs so far are what tells why.
            brokeOff = failure.ToString();
        }

        var result = Result.Of(options, world, tally, inspection, brokeOff, Stopwatch.GetElapsedTime(started));
        if (!result.IsGood)
            await world.KeepLogsAsync();
        ResultWriter.Write(result, options.Json);
        if (result.IsGood && !options.Keep)
            Directory.Delete(world.Folder, recursive: true);
        return result.IsGood ? 0 : 1;
    }
}
