namespace Coordinator.Benchmarks.Output;

/// <summary>Lets several measurements take turns, in an order that moves on each round.</summary>
internal static class Turns
{
    /// <returns>What each gave, by its name, round by round.</returns>
    public static async Task<Dictionary<string, List<T>>> TakeAsync<T>(
        IReadOnlyList<(string Name, Func<Task<T>> Measure)> all, string what, BenchmarkOptions options, ProgressBar progress)
    {
        var results = all.ToDictionary(each => each.Name, _ => new List<T>());
        for (var round = 0; round < options.Rounds; round++)
        {
            for (var turn = 0; turn < all.Count; turn++)
            {
                var (name, measure) = all[(turn + round) % all.Count];
                progress.Next($"{what}, {name}, round {round + 1}");
                results[name].Add(await measure());
            }
        }

        return results;
    }
}
