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
        var result = await TortureAsync(options, stop);
        // Everything has ended: nothing writes after the last line, nor into the folder.
        if (result.IsGood && !options.Keep)
            Directory.Delete(result.Folder, recursive: true);
        ResultWriter.Write(result, options.Json);
        return result.IsGood ? 0 : 1;
    }

    private static async Task<Result> TortureAsync(TortureOptions options, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        using var timeIsUp = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeIsUp.CancelAfter(options.Limit);
        var tally = new KillTally();
        await using var world = await World.StartAsync(options.Seed, options.Clients);
        var inspection = new Inspection(world, tally, options.HealLimit);
        string? brokeOff = null;
        try
        {
            await RunRoundsAsync(options, world, tally, inspection, timeIsUp.Token);
        }
        catch (Exception failure)
        {
            // Whatever it is: the figures and the logs so far are what tells why.
            brokeOff = failure.ToString();
        }

        var result = Result.Of(options, world, tally, inspection, brokeOff, Stopwatch.GetElapsedTime(started));
        if (!result.IsGood || options.Keep)
            await world.KeepLogsAsync();
        return result;
    }

    private static async Task RunRoundsAsync(
        TortureOptions options, World world, KillTally tally, Inspection inspection, CancellationToken timeIsUp)
    {
        var plan = KillPlan.Make(options.Kinds, world.Databases, options.Kills, options.Seed);
        await using var progress = Progress.Start(plan.Sum(strike => strike.Kind.Kills), world, tally, inspection, toError: options.Json);
        var killer = new Killer(world, tally, options.Seed);
        foreach (var round in plan.Chunk(options.Round))
        {
            if (timeIsUp.IsCancellationRequested || inspection.Findings.Count > 0)
                return;
            await Task.WhenAll(Enumerable.Range(0, options.Clients).Select(world.StartClientAsync));
            await killer.RunAsync(round, timeIsUp);
            await world.StopClientsAsync();
            await inspection.RunAsync();
        }
    }
}
