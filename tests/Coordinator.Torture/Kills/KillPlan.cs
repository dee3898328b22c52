using Coordinator.Testing;

namespace Coordinator.Torture.Kills;

/// <summary>One strike of the plan.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="Database">The database whose server or participant is struck; null where the kind strikes at none.</param>
internal readonly record struct Strike(KillKind Kind, DatabaseKind? Database);

/// <summary>Which kills a run makes, in which order: the same for the same seed.</summary>
internal static class KillPlan
{
    /// <summary>Shares a number of kills out among the kinds by their weights, and shuffles them.</summary>
    /// <param name="kinds">At least one; those of a database that is not there are left out.</param>
    /// <param name="databases">Those that are there.</param>
    /// <param name="kills">How many processes and servers are killed in all; exact, unless only kinds of two kills are given.</param>
    /// <param name="seed">Of the order.</param>
    public static IReadOnlyList<Strike> Make(
        IReadOnlyList<KillKind> kinds, IReadOnlyList<DatabaseKind> databases, int kills, int seed)
    {
        var possible = kinds.Where(kind => kind.Database is not { } only || databases.Contains(only)).ToArray();
        var counts = Share(possible, kills);
        var strikes = possible.SelectMany((kind, at) => Enumerable.Range(0, counts[at]).Select(
            number => new Strike(kind, kind.Database ?? (StrikesDatabase(kind) ? databases[number % databases.Count] : null)))).ToArray();
        new Random(seed).Shuffle(strikes);
        return strikes;
    }

    private static bool StrikesDatabase(KillKind kind) => kind.Kills == 2;

    // What the weights give, rounded down; what is left goes to those that were cut most.
    private static int[] Share(KillKind[] kinds, int kills)
    {
        var whole = kinds.Sum(kind => kind.Weight * kind.Kills);
        var exact = kinds.Select(kind => (double)kills * kind.Weight / whole).ToArray();
        var counts = exact.Select(share => (int)share).ToArray();
        var left = kills - kinds.Select((kind, at) => counts[at] * kind.Kills).Sum();
        foreach (var at in Enumerable.Range(0, kinds.Length).OrderByDescending(at => exact[at] - counts[at]).Concat(Cheapest(kinds, left)))
        {
            if (left < kinds[at].Kills)
                continue;
            counts[at]++;
            left -= kinds[at].Kills;
        }

        return counts;
    }

    private static IEnumerable<int> Cheapest(KillKind[] kinds, int times)
    {
        var cheapest = Array.FindIndex(kinds, kind => kind.Kills == kinds.Min(other => other.Kills));
        return Enumerable.Repeat(cheapest, Math.Max(0, times));
    }
}
