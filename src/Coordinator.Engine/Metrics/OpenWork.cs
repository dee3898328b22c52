namespace Coordinator.Engine;

/// <summary>
/// What open transactions leave to alarm about, counted in one pass over them that all gauges of a collection share. No
/// older than <see cref="Freshness"/>.
/// </summary>
internal sealed class OpenWork(TransactionTable table, TimeProvider time)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private Counts? _counts;
    private long _countedAt;

    public Counts Now()
    {
        lock (_gate)
        {
            if (_counts is not null && time.GetElapsedTime(_countedAt) < Freshness)
                return _counts;
            _countedAt = time.GetTimestamp();
            var counts = new Counts();
            foreach (var transaction in table.PassingLive)
                transaction.CountInto(counts);
            return _counts = counts;
        }
    }

    /// <summary>Not changed any more once it has been handed out.</summary>
    internal sealed class Counts
    {
        private readonly Dictionary<string, Tally> _inDoubt = new(StringComparer.Ordinal);

        /// <summary>Transactions whose decision is on record and not confirmed by every branch.</summary>
        public Tally Undelivered { get; private set; } = new(0, DateTimeOffset.MaxValue);

        /// <summary>Branches that may be prepared and have not confirmed an end.</summary>
        public Tally InDoubt(string participant) => _inDoubt.GetValueOrDefault(participant, new Tally(0, DateTimeOffset.MaxValue));

        public void AddUndelivered(DateTimeOffset since) => Undelivered = Undelivered.Add(since);

        public void AddInDoubt(string participant, DateTimeOffset since) => _inDoubt[participant] = InDoubt(participant).Add(since);
    }
}

/// <summary>How many, and since when the oldest.</summary>
internal readonly record struct Tally(int Count, DateTimeOffset Oldest)
{
    public Tally Add(DateTimeOffset since) => new(Count + 1, since < Oldest ? since : Oldest);
}
