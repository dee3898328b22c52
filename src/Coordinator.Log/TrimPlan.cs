using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// Which records of a log's beginning may go (R5). Pure: the stores give it records in order and carry the plan out.
/// </summary>
/// <remarks>
/// The beginning reaches up to the first transaction that ended too lately, so an end with a time far ahead (a clock that was
/// wrong) holds trimming up until its time has come: late, never wrong. Of the beginning stay: epochs, restores, decisions without an end, the last
/// record of each participant, heuristics not forgotten, the newest horizon, and what operators did to transactions
/// that stay or that is younger than the retention time.
/// </remarks>
internal sealed class TrimPlan
{
    private readonly DateTimeOffset _endedBefore;
    private readonly int _maxTransactions;
    private readonly List<(long Position, LogRecord Record)> _beginning = [];
    private readonly HashSet<TransactionId> _ended = [];
    private readonly Dictionary<TransactionId, long> _forgottenAt = [];
    private readonly Dictionary<string, long> _lastOfParticipant = new(StringComparer.Ordinal);
    private readonly long _firstUntrimmed;
    private long _newRecords;

    /// <param name="endedBefore">Ends that are older may go.</param>
    /// <param name="maxTransactions">How many transactions one plan removes at most: it is carried out in one write.</param>
    /// <param name="firstUntrimmed">The first position behind the last trimming's cut.</param>
    public TrimPlan(DateTimeOffset endedBefore, int maxTransactions, long firstUntrimmed)
    {
        _endedBefore = endedBefore;
        _maxTransactions = maxTransactions;
        _firstUntrimmed = firstUntrimmed;
    }

    /// <summary>Takes the next record; false if it and all that follow lie behind the cut.</summary>
    public bool Take(long position, LogRecord record)
    {
        if (record is EndRecord end)
        {
            if (end.At >= _endedBefore || _ended.Count >= _maxTransactions)
                return false;
            _ended.Add(end.Transaction);
        }
        else if (_newRecords >= 8L * _maxTransactions && _ended.Count > 0)
        {
            return false;
        }

        if (position >= _firstUntrimmed)
            _newRecords++;
        if (record is ForgottenRecord forgotten)
            _forgottenAt[forgotten.Transaction] = position;
        if (record is ParticipantRecord participant)
            _lastOfParticipant[participant.Name] = position;
        if (record is ParticipantRemovedRecord removed)
            _lastOfParticipant[removed.Name] = position;
        _beginning.Add((position, record));
        return true;
    }

    /// <summary>Decides. Nothing may be removed BEFORE <see cref="Horizon"/> is durable.</summary>
    /// <param name="horizon">The horizon that stands; the new one is never behind it.</param>
    public void Conclude(Horizon? horizon)
    {
        Horizon = horizon;
        foreach (var (_, record) in _beginning)
        {
            if (record is DecisionRecord decision && _ended.Contains(decision.Transaction))
            {
                Horizon = LogFold.Max(Horizon, new Horizon(decision.Transaction.Epoch.Number, decision.Transaction.Sequence));
                Transactions++;
            }
        }
    }

    /// <summary>The horizon that must be durable before anything is removed; null if there is nothing to remove.</summary>
    public Horizon? Horizon { get; private set; }

    /// <summary>How many transactions go.</summary>
    public int Transactions { get; private set; }

    /// <summary>The last position that the plan has looked at; 0 if none.</summary>
    public long LastPosition => _beginning.Count == 0 ? 0 : _beginning[^1].Position;

    /// <summary>The positions of the beginning, in order, and whether each stays.</summary>
    public IEnumerable<(long Position, bool Stays)> Verdicts()
    {
        var transactionsThatStay = new HashSet<TransactionId>();
        foreach (var (_, record) in _beginning)
        {
            if (record is DecisionRecord decision && !_ended.Contains(decision.Transaction))
                transactionsThatStay.Add(decision.Transaction);
        }

        foreach (var (position, record) in _beginning)
            yield return (position, Stays(position, record, transactionsThatStay));
    }

    private bool Stays(long position, LogRecord record, HashSet<TransactionId> transactionsThatStay) => record switch
    {
        DecisionRecord decision => transactionsThatStay.Contains(decision.Transaction),
        EndRecord => false,
        HeuristicRecord heuristic => !(_forgottenAt.TryGetValue(heuristic.Branch.Transaction, out var forgotten) && forgotten > position),
        ParticipantRecord participant => _lastOfParticipant[participant.Name] == position,
        ParticipantRemovedRecord removed => _lastOfParticipant[removed.Name] == position,
        ForgottenRecord dealtWith => transactionsThatStay.Contains(dealtWith.Transaction) || dealtWith.At >= _endedBefore,
        ResolvedRecord resolved => transactionsThatStay.Contains(resolved.Transaction) || resolved.At >= _endedBefore,
        // The new horizon record is durable before this one goes, and is never behind it.
        HorizonRecord => false,
        _ => true,
    };
}
