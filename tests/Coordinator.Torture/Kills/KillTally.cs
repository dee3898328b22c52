using System.Collections.Concurrent;

namespace Coordinator.Torture.Kills;

/// <summary>Counts the kills by kind, and how long each took until work went through again.</summary>
internal sealed class KillTally
{
    private readonly ConcurrentBag<(KillKind Kind, DateTimeOffset Killed, Task<DateTimeOffset> Recovered)> _strikes = [];
    private readonly ConcurrentDictionary<string, bool> _reached = [];

    /// <summary>Processes and servers killed so far.</summary>
    public int Kills => _strikes.Sum(strike => strike.Kind.Kills);

    /// <summary>Kinds that have been exercised.</summary>
    public int Kinds => _strikes.Select(strike => strike.Kind).Distinct().Count();

    /// <param name="kind">Which kind.</param>
    /// <param name="killed">When.</param>
    /// <param name="recovered">
    /// When the first transaction that began after the restart, and touches what was killed, was acknowledged as committed.
    /// </param>
    public void Killed(KillKind kind, DateTimeOffset killed, Task<DateTimeOffset> recovered) =>
        _strikes.Add((kind, killed, recovered));

    /// <summary>A drill's transaction was seen at its point.</summary>
    public void Reached(string transaction) => _reached[transaction] = true;

    /// <summary>True if the transaction was seen at its drill's point.</summary>
    public bool HasReached(string transaction) => _reached.ContainsKey(transaction);

    /// <summary>One row for each kind that was exercised, in their order.</summary>
    public IReadOnlyList<KillRow> Rows() =>
    [
        .. from kind in KillKind.All
           let strikes = _strikes.Where(strike => strike.Kind == kind).ToArray()
           where strikes.Length > 0
           let times = strikes.Where(strike => strike.Recovered.IsCompletedSuccessfully)
               .Select(strike => strike.Recovered.Result - strike.Killed).Order().ToArray()
           select new KillRow(
               kind.Name, strikes.Length, strikes.Length * kind.Kills,
               times.Length == 0 ? null : times[(times.Length - 1) / 2], times.Length == 0 ? null : times[^1]),
    ];
}

/// <summary>A kind's figures.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="Strikes">How often it was done.</param>
/// <param name="Kills">Processes and servers that this killed.</param>
/// <param name="MedianRecovery">From the kill to the first commit of a transaction that began after the restart; null if none was seen.</param>
/// <param name="MaxRecovery">The longest of these.</param>
internal sealed record KillRow(string Kind, int Strikes, int Kills, TimeSpan? MedianRecovery, TimeSpan? MaxRecovery);
