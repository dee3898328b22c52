using System.Diagnostics.Metrics;

namespace Coordinator.Engine;

/// <summary>
/// What an alarm needs, read from what the engine knows already: a collection asks no database and no log. What is not
/// known has no series: a participant that no scan has listed since the start, and one that was removed.
/// </summary>
internal sealed class EngineGauges
{
    private readonly EngineMetrics _metrics;
    private readonly ParticipantRegistry _registry;
    private readonly TimeProvider _time;
    private readonly OpenWork _open;

    private EngineGauges(EngineMetrics metrics, TransactionTable table, ParticipantRegistry registry, TimeProvider time)
    {
        _metrics = metrics;
        _registry = registry;
        _time = time;
        _open = new OpenWork(table, time);
    }

    public static void Add(
        EngineMetrics metrics, TransactionTable table, ParticipantRegistry registry, HeuristicLedger heuristics, TimeProvider time)
    {
        var gauges = new EngineGauges(metrics, table, registry, time);
        gauges.AddOne("coordinator.transactions.open", "{transaction}", "Transactions that are not over.", () => table.LiveCount);
        gauges.AddOne("coordinator.decisions.undelivered", "{decision}", "Decisions on record that some branch has not confirmed.", () => gauges._open.Now().Undelivered.Count);
        gauges.AddOne("coordinator.decisions.undelivered_age", "s", "Since the oldest of them was decided.", () => gauges.AgeOf(gauges._open.Now().Undelivered));
        gauges.AddOne("coordinator.branches.heuristic_kept", "{branch}", "Heuristic branches that no operator has forgotten.", () => heuristics.Count);
        gauges.AddEach("coordinator.branches.in_doubt", "{branch}", "Branches that may be prepared and have not confirmed an end.", gauges.InDoubtOf);
        gauges.AddEach("coordinator.branches.in_doubt_age", "s", "Since the commit of the oldest of them was asked for.", entry => gauges.AgeOf(gauges._open.Now().InDoubt(entry.Record.Name)));
        gauges.AddEach("coordinator.branches.prepared", "{branch}", "Branches that the last good scan left prepared.", entry => entry.LastScan?.Prepared);
        gauges.AddEach("coordinator.branches.prepared_age", "s", "Since a scan first listed the oldest of them.", entry => entry.LastScan?.OldestAge(time)?.TotalSeconds);
        gauges.AddEach("coordinator.branches.quarantined", "{branch}", "Branches that the last good scan left to an operator.", entry => entry.LastScan?.Quarantined);
        gauges.AddEach("coordinator.participants.instances", "{instance}", "Attached instances.", entry => entry.Attached.Count);
        gauges.AddEach("coordinator.participants.scan_age", "s", "Since the last good scan.", entry => entry.LastScan?.Age(time).TotalSeconds);
    }

    // Without a scan, a database may hold branches of earlier epochs: zero would be a guess.
    private double? InDoubtOf(ParticipantEntry entry)
    {
        var count = _open.Now().InDoubt(entry.Record.Name).Count;
        return count > 0 || entry.LastScan is not null ? count : null;
    }

    private double? AgeOf(Tally tally) => tally.Count > 0 ? Math.Max(0, (_time.GetUtcNow() - tally.Oldest).TotalSeconds) : null;

    private void AddOne(string name, string unit, string description, Func<double?> read) =>
        _metrics.Meter.CreateObservableGauge(name, () => Observe(read), unit, description);

    private void AddEach(string name, string unit, string description, Func<ParticipantEntry, double?> read) =>
        _metrics.Meter.CreateObservableGauge(name, () => ObserveEach(read), unit, description);

    private IEnumerable<Measurement<double>> Observe(Func<double?> read)
    {
        if (!_metrics.IsDisposed && read() is { } value)
            yield return new Measurement<double>(value);
    }

    private IEnumerable<Measurement<double>> ObserveEach(Func<ParticipantEntry, double?> read)
    {
        if (_metrics.IsDisposed)
            yield break;
        foreach (var entry in _registry.Entries)
        {
            if (read(entry) is { } value)
                yield return new Measurement<double>(value, new KeyValuePair<string, object?>("participant", entry.Record.Name));
        }
    }
}
