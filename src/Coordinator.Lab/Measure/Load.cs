using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coordinator.Lab.Measure;

/// <summary>One piece of work that a client does again and again.</summary>
/// <param name="client">From 0.</param>
/// <param name="random">This client's own, seeded.</param>
/// <param name="cancellationToken">Given up when cancelled; not cancelled at the end of the load.</param>
internal delegate Task Work(int client, Random random, CancellationToken cancellationToken);

/// <summary>Clients that work one after the other without a pause (a closed loop), and what became of it.</summary>
internal static class Load
{
    /// <summary>Runs clients until the time is over; what is under way then is waited for.</summary>
    public static Task<LoadResult> RunAsync(int clients, TimeSpan duration, int seed, Work work) =>
        RunAsync(clients, started => Stopwatch.GetElapsedTime(started) >= duration, seed, work, CancellationToken.None);

    /// <summary>Runs clients until told to stop; what is under way then is waited for.</summary>
    public static async Task<LoadResult> RunUntilAsync(int clients, int seed, Work work, CancellationToken stop) =>
        await RunAsync(clients, _ => stop.IsCancellationRequested, seed, work, CancellationToken.None);

    private static async Task<LoadResult> RunAsync(
        int clients, Func<long, bool> isOver, int seed, Work work, CancellationToken cancellationToken)
    {
        var attempts = new ConcurrentQueue<Attempt>();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(
            async () =>
            {
                var random = new Random(HashCode.Combine(seed, client));
                while (!isOver(started))
                {
                    var attempt = await TryAsync(work, client, random, cancellationToken);
                    attempts.Enqueue(attempt);
                    // Somebody who cannot be reached is not asked a thousand times a second.
                    if (attempt.End == AttemptEnd.Unavailable)
                        await Task.Delay(20, cancellationToken);
                }
            },
            cancellationToken)));
        return new LoadResult(Stopwatch.GetElapsedTime(started), [.. attempts]);
    }

    private static async Task<Attempt> TryAsync(Work work, int client, Random random, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        string? failure = null;
        var end = AttemptEnd.Done;
        try
        {
            await work(client, random, cancellationToken);
        }
        catch (Exception failed) when (Failures.Classify(failed) is { } known)
        {
            (end, failure) = (known, failed.Message);
        }

        return new Attempt(started, Stopwatch.GetElapsedTime(started), end, failure);
    }
}

/// <summary>How one attempt ended.</summary>
internal enum AttemptEnd
{
    Done,

    /// <summary>The business said no.</summary>
    Refused,

    /// <summary>A database broke a deadlock by ending this one.</summary>
    Deadlock,

    /// <summary>Waited for a row until the lock timeout.</summary>
    LockTimeout,

    /// <summary>Rolled back for another reason: a deadline, a vote of no.</summary>
    Aborted,

    /// <summary>Asked to commit, and not told how it ended.</summary>
    InDoubt,

    /// <summary>Coordinator, participant or database did not answer; nothing was committed.</summary>
    Unavailable,
}

/// <summary>One attempt.</summary>
/// <param name="Started">A timestamp of <see cref="Stopwatch"/>.</param>
/// <param name="Took">Until its end was known.</param>
/// <param name="End">How it ended.</param>
/// <param name="Failure">Why it did not succeed.</param>
internal sealed record Attempt(long Started, TimeSpan Took, AttemptEnd End, string? Failure)
{
    public long Ended => Started + (long)(Took.TotalSeconds * Stopwatch.Frequency);
}

/// <summary>What a load came to.</summary>
internal sealed record LoadResult(TimeSpan Elapsed, IReadOnlyList<Attempt> Attempts)
{
    /// <summary>Successes a second.</summary>
    public double Throughput => Count(AttemptEnd.Done) / Elapsed.TotalSeconds;

    /// <summary>Of the successes, in milliseconds.</summary>
    public Distribution Latency => Distribution.Of(Attempts.Where(attempt => attempt.End == AttemptEnd.Done).Select(attempt => attempt.Took.TotalMilliseconds));

    public int Count(AttemptEnd end) => Attempts.Count(attempt => attempt.End == end);
}
