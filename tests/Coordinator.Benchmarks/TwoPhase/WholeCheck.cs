using System.Diagnostics;
using Coordinator.Benchmarks.Databases;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>A figure counts only if the work was done: what the databases hold in the end must be what was reported.</summary>
internal static class WholeCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <exception cref="InvalidOperationException">Rows were changed more or less often than transactions committed.</exception>
    public static async Task ChangesAsync(OrderDatabase database, long committed)
    {
        if (await database.CountChangesAsync() is var changes && changes != committed)
            throw new InvalidOperationException($"{committed} transactions committed in {database.Name}, but its rows were changed {changes} times.");
    }

    /// <exception cref="InvalidOperationException">A server still lists prepared branches.</exception>
    public static Task NothingPreparedAsync(ServerPair servers) => NothingPreparedAsync(servers.CountPreparedAsync, Limit);

    internal static async Task NothingPreparedAsync(Func<Task<int>> count, TimeSpan limit)
    {
        for (var started = Stopwatch.GetTimestamp(); await count() is var left and not 0;)
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
                throw new InvalidOperationException($"{left} branches are still prepared.");
            await Task.Delay(Interval);
        }
    }
}
