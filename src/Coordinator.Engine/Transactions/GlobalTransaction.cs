using System.Diagnostics;

namespace Coordinator.Engine;

/// <summary>
/// A global transaction in memory. All its changes go through <see cref="TryMove"/> and <see cref="MoveTo"/>, under
/// one lock, so a timeout that races a commit is decided by one compare-and-set.
/// </summary>
public sealed class GlobalTransaction
{
    private readonly Lock _gate = new();
    private readonly List<Branch> _branches = [];
    private readonly TaskCompletionSource _decided;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _changed;
    private ITimer? _deadlineTimer;
    private bool _commitStarted;
    private DateTimeOffset _committingSince;
    private DateTimeOffset? _decidedAt;

    internal GlobalTransaction(
        TransactionId id, string name, string? idempotencyKey, DateTimeOffset begunAt, TransactionState state = TransactionState.Active)
    {
        Id = id;
        Name = name;
        IdempotencyKey = idempotencyKey;
        BegunAt = begunAt;
        _committingSince = begunAt;
        State = state;
        // An initiator delivers the decision itself: whoever drives its transaction has nothing to do but to tell it.
        _decided = new(state == TransactionState.Deciding ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
        // Taken up from the log: nobody decides it again, and whoever asks must not wait for that.
        if (state is TransactionState.Committing or TransactionState.Aborting)
            _decided.SetResult();
    }

    public TransactionId Id { get; }

    public string Name { get; }

    public string? IdempotencyKey { get; }

    /// <summary>Whose Begin made it: a retry of that call repeats it, another caller with the same key does not.</summary>
    internal string Attempt { get; init; } = "";

    public DateTimeOffset BegunAt { get; }

    /// <summary>The trace of a decision that was taken up from the log; null if none was kept.</summary>
    internal ActivityContext? DecidedIn { get; init; }

    public TransactionState State { get; private set; }

    /// <summary>Why it was aborted or is in doubt: a name of <see cref="Reasons"/>; null if neither.</summary>
    public string? ReasonCode { get; private set; }

    /// <summary>The same for people.</summary>
    public string? Reason { get; private set; }

    /// <summary>True if some branch ended otherwise than decided (mixed).</summary>
    public bool IsHeuristicMixed { get; private set; }

    /// <summary>True if how some branch ended cannot be told (hazard).</summary>
    public bool IsHeuristicHazard { get; private set; }

    /// <summary>When the deadline falls by the wall clock; for people only.</summary>
    public DateTimeOffset? Deadline { get; private set; }

    /// <summary>The deadline on the monotonic clock (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    internal long DeadlineTimestamp { get; private set; }

    /// <summary>Ends when the outcome is fixed: decided either way, or over.</summary>
    internal Task WhenDecided => _decided.Task;

    /// <summary>Ends when the transaction is over.</summary>
    internal Task WhenEnded => _ended.Task;

    internal IReadOnlyList<Branch> Branches
    {
        get
        {
            lock (_gate)
                return [.. _branches];
        }
    }

    internal void SetDeadline(DateTimeOffset wallClock, long timestamp, ITimer timer)
    {
        lock (_gate)
        {
            Deadline = wallClock;
            DeadlineTimestamp = timestamp;
            _deadlineTimer = timer;
        }
    }

    /// <summary>How long until the deadline; zero once it has passed.</summary>
    internal TimeSpan RemainingAt(TimeProvider time)
    {
        var remaining = time.GetElapsedTime(time.GetTimestamp(), DeadlineTimestamp);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }

    /// <summary>Enlists a branch if the transaction is still active; the same branch twice is the same branch.</summary>
    internal EnlistResult TryEnlist(BranchId id, ParticipantEntry participant, int limit)
    {
        lock (_gate)
        {
            if (State != TransactionState.Active)
                return EnlistResult.WrongState;
            if (_branches.Any(branch => branch.Id == id))
                return EnlistResult.Enlisted;
            if (_branches.Count >= limit)
                return EnlistResult.TooManyBranches;
            if (!participant.TryTakeSlot())
                return EnlistResult.NoSlot;
            _branches.Add(new Branch(id, BranchState.Enlisted, participant));
        }

        Changed();
        return EnlistResult.Enlisted;
    }

    internal void AddDecided(DecidedBranch decided, BranchState state, ParticipantEntry? participant)
    {
        participant?.TakeSlot();
        lock (_gate)
            _branches.Add(new Branch(new BranchId(Id, decided.Branch), state, participant, decided.Evidence));
    }

    /// <summary>True for the one caller that is to drive the commit.</summary>
    internal bool TryStartCommit()
    {
        lock (_gate)
        {
            if (_commitStarted || State != TransactionState.Active)
                return false;
            return _commitStarted = true;
        }
    }

    /// <summary>From here on its branches may be prepared.</summary>
    internal void NoteCommitting(DateTimeOffset now)
    {
        lock (_gate)
            _committingSince = now;
    }

    /// <summary>A decision is on record, either way.</summary>
    internal void NoteDecided(DateTimeOffset at)
    {
        lock (_gate)
            _decidedAt = at;
    }

    internal void CountInto(OpenWork.Counts counts)
    {
        lock (_gate)
        {
            if (TransactionStates.IsOver(State))
                return;
            if (_decidedAt is { } at)
                counts.AddUndelivered(at);
            foreach (var branch in _branches)
            {
                if (branch.State == BranchState.Prepared || (State == TransactionState.InDoubt && !branch.IsEnded))
                    counts.AddInDoubt(branch.Id.Branch.Participant, _committingSince);
            }
        }
    }

    /// <summary>Moves if the state is <paramref name="from"/>; the loser of a race gets false.</summary>
    internal bool TryMove(TransactionState from, TransactionState to, string? reasonCode = null, string? reason = null)
    {
        lock (_gate)
        {
            if (State != from)
                return false;
            Move(to, reasonCode, reason);
        }

        Announce();
        return true;
    }

    /// <summary>Closes enlistment for a commit without prepare, if there is exactly one branch (R13).</summary>
    internal bool TryCloseForOnePhase()
    {
        lock (_gate)
        {
            if (State != TransactionState.Active || _branches.Count != 1)
                return false;
            Move(TransactionState.CommittingOnePhase, reasonCode: null, reason: null);
        }

        Announce();
        return true;
    }

    /// <summary>Ends a transaction that is in doubt for ever: no proof of its outcome is left (R13).</summary>
    internal void EndUnknown(string reason)
    {
        lock (_gate)
        {
            ReasonCode = Reasons.NoRecord;
            Reason = reason;
        }

        _decided.TrySetResult();
        _ended.TrySetResult();
        Changed();
    }

    /// <summary>Moves; only the driver of the transaction may call it, in a state that nobody else leaves.</summary>
    /// <exception cref="InvalidOperationException">The table has no such edge: an invariant is broken.</exception>
    internal void MoveTo(TransactionState to, string? reasonCode = null, string? reason = null)
    {
        lock (_gate)
            Move(to, reasonCode, reason);
        Announce();
    }

    /// <summary>Aborts unless a decision is being written or stands.</summary>
    internal bool TryAbort(string reasonCode, string reason) =>
        TryMove(TransactionState.Active, TransactionState.Aborting, reasonCode, reason)
        || TryMove(TransactionState.Preparing, TransactionState.Aborting, reasonCode, reason);

    internal void Update(Branch branch, BranchState state, string? detail = null, string? evidence = null)
    {
        lock (_gate)
        {
            branch.State = state;
            branch.Detail = detail ?? branch.Detail;
            branch.Evidence = evidence ?? branch.Evidence;
        }

        Changed();
    }

    /// <summary>Counts a vote while votes count. One that comes after the abort leaves only its evidence behind.</summary>
    internal void CountVote(Branch branch, BranchState state, string? detail = null, string? evidence = null)
    {
        lock (_gate)
        {
            branch.Evidence = evidence ?? branch.Evidence;
            if (State != TransactionState.Preparing)
                return;
            branch.State = state;
            branch.Detail = detail;
        }

        Changed();
    }

    internal void CountAttempt(Branch branch, string detail)
    {
        lock (_gate)
        {
            branch.Attempts++;
            branch.Detail = detail;
        }

        Changed();
    }

    internal void MarkHeuristic(Branch branch, BranchOutcome found, string detail)
    {
        lock (_gate)
        {
            branch.State = BranchState.Heuristic;
            branch.Detail = detail;
            if (found == BranchOutcome.Unknown)
                IsHeuristicHazard = true;
            else
                IsHeuristicMixed = true;
        }

        Changed();
    }

    /// <summary>The driver failed on a broken invariant: whoever waits is told so instead of waiting for ever.</summary>
    internal void Fail(Exception exception)
    {
        _decided.TrySetException(exception);
        _ended.TrySetException(exception);
        _ = _decided.Task.Exception;
        _ = _ended.Task.Exception;
        Changed();
    }

    /// <summary>Ends at the next change.</summary>
    internal Task WhenChanged()
    {
        lock (_gate)
        {
            if (TransactionStates.IsOver(State))
                return Task.CompletedTask;
            _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _changed.Task;
        }
    }

    /// <summary>The transaction at this moment.</summary>
    public TransactionView ToView()
    {
        lock (_gate)
        {
            return new TransactionView(
                Id, Name, State, Outcomes.Of(this), ReasonCode, Reason, _branches.Select(branch => branch.ToView()).ToArray(), BegunAt,
                State is TransactionState.Active or TransactionState.Preparing ? Deadline : null);
        }
    }

    private void Move(TransactionState to, string? reasonCode, string? reason)
    {
        if (!TransactionStates.CanMove(State, to))
            throw new InvalidOperationException($"Transaction {Id} cannot move from {State} to {to}.");
        State = to;
        ReasonCode = reasonCode ?? ReasonCode;
        Reason = reason ?? Reason;
        if (to is not (TransactionState.Active or TransactionState.Preparing))
        {
            _deadlineTimer?.Dispose();
            _deadlineTimer = null;
        }
    }

    private void Announce()
    {
        var state = State;
        if (state is TransactionState.Committing or TransactionState.Aborting || TransactionStates.IsOver(state))
            _decided.TrySetResult();
        if (TransactionStates.IsOver(state))
            _ended.TrySetResult();
        Changed();
    }

    private void Changed()
    {
        TaskCompletionSource? changed;
        lock (_gate)
        {
            changed = _changed;
            _changed = null;
        }

        changed?.TrySetResult();
    }
}

/// <summary>Whether a branch was taken into its transaction.</summary>
internal enum EnlistResult
{
    Enlisted,
    WrongState,
    TooManyBranches,
    NoSlot,
}
