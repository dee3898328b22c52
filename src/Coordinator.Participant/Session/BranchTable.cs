namespace Coordinator.Participant.Session;

/// <summary>The branches of this process: those that it holds, and its answers about those that are over.</summary>
internal sealed class BranchTable(BranchName own, int maxStoredAnswers)
{
    private readonly Dictionary<BranchId, HeldBranch> _held = [];
    private readonly StoredAnswers _answers = new(maxStoredAnswers);
    private TaskCompletionSource? _idle;

    /// <summary>The one lock of all branches' states; held for moments, never while waiting.</summary>
    public Lock Sync { get; } = new();

    public int Count
    {
        get
        {
            lock (Sync)
                return _held.Count;
        }
    }

    public Dictionary<HeldState, int> CountByState()
    {
        lock (Sync)
            return _held.Values.CountBy(branch => branch.State).ToDictionary();
    }

    /// <summary>How many branches need a session: all but those that were prepared and left theirs.</summary>
    public int CountInSessions(bool preparedToo)
    {
        lock (Sync)
            return preparedToo ? _held.Count : _held.Values.Count(branch => branch.State != HeldState.Prepared);
    }

    /// <summary>The branch that this process has in a transaction.</summary>
    public BranchId OwnBranch(TransactionId transaction) => new(transaction, own);

    public HeldBranch? Find(BranchId branch)
    {
        lock (Sync)
            return _held.GetValueOrDefault(branch);
    }

    public StoredAnswer? FindAnswer(BranchId branch)
    {
        lock (Sync)
            return _answers.Find(branch);
    }

    public List<HeldBranch> Held()
    {
        lock (Sync)
            return [.. _held.Values];
    }

    public void Add(HeldBranch branch)
    {
        lock (Sync)
            _held.Add(branch.Id, branch);
    }

    /// <summary>
    /// Makes sure that a branch this process never had, and that is being rolled back or asked to vote, cannot be begun
    /// by work that is still on its way. Does nothing for other processes' branches: they are not begun here.
    /// </summary>
    public void Bar(BranchId branch, string reason)
    {
        lock (Sync)
        {
            if (branch.Branch == own && !_held.ContainsKey(branch))
                _answers.Store(branch, new Vote.No(reason), report: null);
        }
    }

    /// <summary>Takes a branch out that left no trace: it was never enlisted as far as anybody was told.</summary>
    public void Forget(HeldBranch branch)
    {
        lock (Sync)
            Remove(branch);
    }

    /// <summary>Takes a branch out and keeps the answers. Its session, if there is one, is the caller's to end.</summary>
    public void Finish(HeldBranch branch, Vote? vote, BranchReport? report)
    {
        lock (Sync)
        {
            if (branch.State != HeldState.Over)
                Remove(branch);
            _answers.Store(branch.Id, branch.Vote ?? vote, report, branch.IsOnePhaseSent);
        }
    }

    /// <summary>Keeps how a branch ended, if that is proven.</summary>
    public void StoreReport(BranchId branch, BranchReport report)
    {
        if (report.Outcome is not (BranchOutcome.Committed or BranchOutcome.RolledBack))
            return;
        lock (Sync)
            _answers.Store(branch, vote: null, report);
    }

    /// <summary>Forgets reported outcomes of branches that their database lists as prepared.</summary>
    public void DoubtReports(IEnumerable<PreparedBranch> listed)
    {
        lock (Sync)
        {
            foreach (var branch in listed)
            {
                if (branch.Id is { } id)
                    _answers.DoubtReport(id);
            }
        }
    }

    public void DoubtAllReports()
    {
        lock (Sync)
            _answers.DoubtReports();
    }

    /// <summary>Completes when no branch is held any more.</summary>
    public Task WhenIdleAsync()
    {
        lock (Sync)
        {
            if (_held.Count == 0)
                return Task.CompletedTask;
            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    private void Remove(HeldBranch branch)
    {
        branch.MoveTo(HeldState.Over);
        _held.Remove(branch.Id);
        if (_held.Count == 0)
            _idle?.TrySetResult();
    }
}
