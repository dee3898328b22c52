namespace Coordinator.Participant.Session;

/// <summary>
/// What this process answered for branches that it no longer holds (R9), the newest of them: a duplicate command gets
/// the same answer, and a branch that is over can neither be begun nor prepared again. Guarded by the session's lock.
/// </summary>
internal sealed class StoredAnswers(int limit)
{
    private readonly Dictionary<BranchId, StoredAnswer> _answers = [];
    private readonly Queue<BranchId> _byAge = new();

    public int Count => _answers.Count;

    public StoredAnswer? Find(BranchId branch) => _answers.GetValueOrDefault(branch);

    /// <summary>Keeps what is known; what was known before and is not told anew stays.</summary>
    public void Store(BranchId branch, Vote? vote, BranchReport? report, bool isOnePhaseSent = false)
    {
        if (_answers.TryGetValue(branch, out var before))
        {
            _answers[branch] = new StoredAnswer(
                before.Vote ?? vote, report ?? before.Report, before.IsOnePhaseSent || isOnePhaseSent);
            return;
        }

        _answers.Add(branch, new StoredAnswer(vote, report, isOnePhaseSent));
        _byAge.Enqueue(branch);
        while (_byAge.Count > limit)
            _answers.Remove(_byAge.Dequeue());
    }

    /// <summary>
    /// Forgets how a branch ended, not how it voted: its database lists it as prepared again, as some do with finished
    /// branches after a failover or a crash, so it must be finished again.
    /// </summary>
    public void DoubtReport(BranchId branch)
    {
        if (_answers.TryGetValue(branch, out var before))
            _answers[branch] = before with { Report = null };
    }

    /// <summary>As <see cref="DoubtReport"/>, for all: the database server was restarted.</summary>
    public void DoubtReports()
    {
        foreach (var branch in _answers.Keys.ToList())
            DoubtReport(branch);
    }
}

/// <param name="Vote">The answer to prepare; null if it was never asked of this process.</param>
/// <param name="Report">How the branch ended; null while that is not proven.</param>
/// <param name="IsOnePhaseSent">A commit without prepare was sent, so a rollback that finds nothing proves nothing (R13).</param>
internal sealed record StoredAnswer(Vote? Vote, BranchReport? Report, bool IsOnePhaseSent);
