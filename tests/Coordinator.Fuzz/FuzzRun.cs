using System.Globalization;
using Coordinator.Fuzz.Check;
using Coordinator.Fuzz.Wire;
using Grpc.Core;

namespace Coordinator.Fuzz;

/// <summary>Runs episodes until enough calls were answered, then lets everything end and looks at what is left.</summary>
internal static class FuzzRun
{
    /// <returns>What was counted and found.</returns>
    public static async Task<Tally> RunAsync(FuzzOptions options, TextWriter output)
    {
        var tally = new Tally();
        var unobserved = new List<string>();
        void Keep(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            // Of the coordinator's own code: what a library leaves behind after a broken connection is its own affair. An
            // answer that came after its command was given up finds nobody.
            if (e.Exception.Flatten().InnerExceptions.Any(inner => inner is not (ParticipantUnavailableException or OperationCanceledException))
                && e.Exception.ToString().Contains("at Coordinator.", StringComparison.Ordinal))
            {
                lock (unobserved)
                    unobserved.Add(e.Exception.ToString());
            }
        }

        TaskScheduler.UnobservedTaskException += Keep;
        try
        {
            await using var target = await Target.StartAsync();
            var aftermath = new Aftermath(target, tally);
            await aftermath.TransactAsync("before");
            if (options.Episode is { } only)
                await RunEpisodeAsync(target, tally, options.Seed, only, output.WriteLine);
            else
                await RunAllAsync(target, tally, options, output);
            await aftermath.CheckAsync();
            lock (unobserved)
                unobserved.ForEach(exception => tally.Found(new Finding(-1, $"nobody observed: {exception}", "")));
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Keep;
        }

        return tally;
    }

    private static async Task RunAllAsync(Target target, Tally tally, FuzzOptions options, TextWriter output)
    {
        long next = -1, reported = 0;
        await Task.WhenAll(Enumerable.Range(0, options.Workers).Select(async _ =>
        {
            while (tally.Requests < options.Requests && tally.Findings.Count < 20)
            {
                await RunEpisodeAsync(target, tally, options.Seed, Interlocked.Increment(ref next), transcript: null);
                var done = tally.Requests / 50_000;
                if (done > Interlocked.Exchange(ref reported, done))
                    await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{tally.Requests:N0} of {options.Requests:N0} calls, {GC.GetTotalMemory(forceFullCollection: true) >> 20} MiB"));
            }
        }));
    }

    private static async Task RunEpisodeAsync(Target target, Tally tally, long seed, long number, Action<string>? transcript)
    {
        using var raw = new RawCall();
        await using var episode = new Episode(target, raw, tally, seed, number, transcript);
        try
        {
            await episode.RunAsync();
        }
        catch (Exception exception) when (exception is RpcException or TimeoutException)
        {
            tally.Found(new Finding(number, $"the episode broke: {exception}", ""));
        }
    }
}
