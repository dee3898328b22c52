namespace Coordinator.Log;

/// <summary>
/// How many decisions a batch waits for, so that many share one durable write (as <c>commit_siblings</c> and
/// <c>commit_delay</c> of PostgreSQL). Each transaction that is decided and has not ended is a sign of one more at work:
/// while few are, nothing waits. Where waiting brought nothing, it is tried again seldom.
/// </summary>
/// <remarks>Guarded by the queue's lock.</remarks>
internal sealed class Gathering
{
    // With as many transactions before their decision as after it, a batch of this share waits for an eighth of the time
    // that a transaction takes; and where all of them do nothing but decide, the others queue while these are written.
    private const int Share = 2;
    private const int FewestRounds = 32, MostRounds = 1024;
    private int _unended;
    private int _most = int.MaxValue;
    private int _rounds;
    private int _roundsBeforeMore = FewestRounds;

    /// <summary>So many decisions are worth waiting for.</summary>
    public int Target => Math.Min(_unended, _most) / Share;

    /// <summary>So many decisions are about to be written.</summary>
    public void Decide(int count) => _unended += count;

    /// <summary>A transaction has ended: one that was decided since the log was opened, or an earlier one.</summary>
    public void End() => _unended = Math.Max(0, _unended - 1);

    /// <summary>A batch is about to be written.</summary>
    /// <param name="target">How many decisions were waited for; 0: none.</param>
    /// <param name="came">How many came.</param>
    public void Learn(int target, int came)
    {
        if (came < target)
        {
            // So that as many are waited for next time.
            _most = Share * came;
            (_rounds, _roundsBeforeMore) = (0, Math.Min(_roundsBeforeMore * 2, MostRounds));
        }
        else if (came > _most)
        {
            (_most, _roundsBeforeMore) = (came, FewestRounds);
        }
        else if (target == _most / Share && ++_rounds >= _roundsBeforeMore)
        {
            (_most, _rounds) = (_most + 1, 0);
        }
    }
}
