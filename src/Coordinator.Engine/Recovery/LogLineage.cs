namespace Coordinator.Engine;

/// <summary>
/// Whose log this is and how far it reaches back: what tells a log that is whole from one that was lost or restored (R7).
/// </summary>
internal sealed class LogLineage(OpenedLog opened)
{
    private readonly Dictionary<Epoch, long> _ends = EndsOf(opened);
    private readonly HashSet<Epoch> _epochs = [.. opened.Epochs.Select(start => start.Epoch)];
    private int _restoredBefore = opened.RestoredBefore ?? 0;

    public ClusterId Cluster { get; } = opened.Cluster;

    public Epoch Epoch { get; } = opened.Epoch;

    /// <summary>Epochs up to this number, except the running one, may lack records; null if none.</summary>
    public int? RestoredBefore => _restoredBefore == 0 ? null : _restoredBefore;

    /// <summary>True if the decision of a transaction that is not found may have existed. Then nothing is presumed.</summary>
    public bool MayLack(TransactionId transaction, Horizon? horizon) =>
        MissingRecords.WhyPossible(transaction, Epoch, _epochs, horizon, RestoredBefore) is not null;

    public RecoveryContext ContextFor(string participant, ParticipantRegistry registry, Horizon? horizon) => new(
        Cluster,
        Epoch,
        _epochs,
        horizon,
        RestoredBefore,
        participant,
        registry.Entries.Select(entry => entry.Record.Name).Where(name => name != participant).ToHashSet());

    public CoordinatorMark Mark(long durableEnd) => new(Cluster, Epoch, durableEnd);

    /// <summary>
    /// True if a participant's database remembers a position of this cluster that this log does not have: an epoch that
    /// it never began, or a position behind that epoch's end here.
    /// </summary>
    public bool LacksWhat(CoordinatorMark mark, long durableEnd) =>
        mark.Cluster == Cluster
        && !(mark.Epoch == Epoch
            ? mark.Position <= durableEnd
            : _ends.TryGetValue(mark.Epoch, out var end) && mark.Position <= end);

    /// <summary>True if the mark speaks of epochs that are already known to lack records.</summary>
    public bool IsCovered(CoordinatorMark mark) => mark.Epoch.Number <= _restoredBefore && Epoch.Number - 1 <= _restoredBefore;

    /// <summary>Quarantines every epoch up to the mark's, and all before the running one.</summary>
    public int Quarantine(CoordinatorMark mark) =>
        _restoredBefore = Math.Max(_restoredBefore, Math.Max(mark.Epoch.Number, Epoch.Number - 1));

    // An epoch ends where the next one begins.
    private static Dictionary<Epoch, long> EndsOf(OpenedLog opened)
    {
        var ends = new Dictionary<Epoch, long>();
        for (var i = 0; i + 1 < opened.Epochs.Count; i++)
            ends[opened.Epochs[i].Epoch] = opened.Epochs[i + 1].Position - 1;
        return ends;
    }
}
