namespace Coordinator.Engine;

/// <summary>
/// What a scan that did not fail left behind in one participant's database. A database's own times are of another clock,
/// so a branch's age counts from the first scan that listed it.
/// </summary>
internal sealed class LastScan
{
    private readonly Dictionary<BranchId, long> _listedSince;
    private readonly long _timestamp;

    private LastScan(DateTimeOffset at, long timestamp, int quarantined, Dictionary<BranchId, long> listedSince)
    {
        At = at;
        Quarantined = quarantined;
        _timestamp = timestamp;
        _listedSince = listedSince;
        OldestListedAt = listedSince.Count > 0 ? listedSince.Values.Min() : null;
    }

    /// <summary>When it ended, for people.</summary>
    public DateTimeOffset At { get; }

    /// <summary>Branches of this cluster that it left prepared, those of live transactions among them.</summary>
    public int Prepared => _listedSince.Count;

    /// <summary>Those of them that nobody finishes but an operator.</summary>
    public int Quarantined { get; }

    private long? OldestListedAt { get; }

    /// <param name="plan">What was listed.</param>
    /// <param name="settled">Of each, whether it was finished.</param>
    /// <param name="before">The scan before; null for the first.</param>
    /// <param name="time">The engine's clock.</param>
    public static LastScan Of(IReadOnlyList<PlannedBranch> plan, IReadOnlyList<bool> settled, LastScan? before, TimeProvider time)
    {
        var now = time.GetTimestamp();
        var quarantined = 0;
        var listedSince = new Dictionary<BranchId, long>();
        foreach (var (branch, isSettled) in plan.Zip(settled))
        {
            if (isSettled || branch.Kind is PreparedKind.Foreign or PreparedKind.NotOurs || branch.Prepared.Id is not { } id)
                continue;
            if (listedSince.TryAdd(id, before?._listedSince.GetValueOrDefault(id, now) ?? now) && branch.Kind == PreparedKind.Quarantined)
                quarantined++;
        }

        return new LastScan(time.GetUtcNow(), now, quarantined, listedSince);
    }

    public TimeSpan Age(TimeProvider time) => time.GetElapsedTime(_timestamp);

    /// <summary>How long the oldest has been listed; null if none is left.</summary>
    public TimeSpan? OldestAge(TimeProvider time) => OldestListedAt is { } listed ? time.GetElapsedTime(listed) : null;
}
