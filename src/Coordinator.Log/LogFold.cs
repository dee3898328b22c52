using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// What a log means: its records, applied one after the other. Holds only what a start needs, so that a million
/// finished transactions take no memory. Every store opens through it.
/// </summary>
internal sealed class LogFold
{
    private readonly Dictionary<TransactionId, (long Position, DecisionRecord Decision)> _unfinished = [];
    private readonly Dictionary<string, ParticipantRecord> _participants = new(StringComparer.Ordinal);
    private readonly List<HeuristicRecord> _heuristics = [];
    private readonly List<EpochStart> _epochs = [];

    /// <summary>The newest epoch record; null in an empty log.</summary>
    public EpochRecord? Epoch { get; private set; }

    public Horizon? Horizon { get; private set; }

    public int? RestoredBefore { get; private set; }

    /// <summary>Decisions without an end.</summary>
    public int UnfinishedCount => _unfinished.Count;

    /// <summary>The highest epoch number that the log knows to have been handed out, here or before a restore.</summary>
    public int HighestEpoch { get; private set; }

    public long Records { get; private set; }

    public void Apply(long position, LogRecord record)
    {
        Records++;
        switch (record)
        {
            case EpochRecord epoch:
                Epoch = epoch;
                _epochs.Add(new EpochStart(epoch.Epoch, position));
                HighestEpoch = Math.Max(HighestEpoch, epoch.Epoch.Number);
                break;
            case DecisionRecord decision:
                if (!_unfinished.TryAdd(decision.Transaction, (position, decision)))
                    throw new LogRefusedException($"Record {position} of the log is a second decision over {decision.Transaction}.");
                break;
            case EndRecord end:
                _unfinished.Remove(end.Transaction);
                break;
            case ParticipantRecord participant:
                _participants[participant.Name] = participant;
                break;
            case ParticipantRemovedRecord removed:
                _participants.Remove(removed.Name);
                break;
            case HeuristicRecord heuristic:
                _heuristics.Add(heuristic);
                break;
            case ForgottenRecord forgotten:
                _heuristics.RemoveAll(heuristic => heuristic.Branch.Transaction == forgotten.Transaction);
                break;
            case HorizonRecord horizon:
                Horizon = Max(Horizon, horizon.Horizon);
                break;
            case RestoredRecord restored:
                RestoredBefore = Math.Max(RestoredBefore ?? 0, restored.EpochNumber);
                HighestEpoch = Math.Max(HighestEpoch, restored.EpochNumber);
                break;
        }
    }

    /// <summary>The record that starts the next epoch; it draws the cluster's id in an empty log.</summary>
    public EpochRecord NextEpoch(IIdSource random, DateTimeOffset now)
    {
        if (HighestEpoch >= Coordinator.Epoch.MaxNumber)
            throw new LogRefusedException($"The log has used up all {Coordinator.Epoch.MaxNumber} epoch numbers.");
        var cluster = Epoch?.Cluster ?? ClusterId.FromRandom(random.NextRandom());
        return new EpochRecord(cluster, new Epoch(HighestEpoch + 1, (uint)random.NextRandom()), now);
    }

    public OpenedLog ToOpened(long end, bool isNew)
    {
        var epoch = Epoch ?? throw new InvalidOperationException("A log is open only once its epoch has begun.");
        return new OpenedLog(
            epoch.Cluster,
            epoch.Epoch,
            end,
            isNew,
            Horizon,
            // In the order of their decisions, which a dictionary forgets once entries are removed.
            [.. _unfinished.Values.OrderBy(unfinished => unfinished.Position).Select(unfinished => unfinished.Decision)],
            [.. _participants.Values.OrderBy(participant => participant.Name, StringComparer.Ordinal)],
            [.. _heuristics],
            [.. _epochs],
            RestoredBefore);
    }

    /// <summary>The further of two horizons: it never moves back.</summary>
    public static Horizon Max(Horizon? left, Horizon right) =>
        left is not null && (left.EpochNumber, left.Sequence).CompareTo((right.EpochNumber, right.Sequence)) >= 0 ? left : right;
}
