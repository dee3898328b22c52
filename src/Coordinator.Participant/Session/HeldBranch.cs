using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Participant.Session;

/// <summary>
/// A branch that this process holds. All of it is guarded by the one lock of its <see cref="ParticipantSession"/>,
/// except the database session, which belongs to whoever is inside the gate.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and no links, its token outlives the branch, and the timer is disposed when it settles.")]
internal sealed class HeldBranch
{
    private readonly Lock _sync;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private ITimer? _deadlineTimer;
    private bool _settled;

    public HeldBranch(BranchId id, Lock sync, TimeProvider time)
    {
        Id = id;
        _sync = sync;
        _time = time;
        Since = time.GetTimestamp();
        Gate = new UseGate(sync);
        Ending = _ending.Token;
    }

    public BranchId Id { get; }

    public UseGate Gate { get; }

    public HeldState State { get; private set; } = HeldState.Opening;

    /// <summary>Fails, for all that wait for it, if the branch could not be enlisted or begun.</summary>
    public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Null before it is begun, and once it has been ended or given up.</summary>
    public IBranchSession? Session { get; set; }

    /// <summary>The stored vote (R9), once given.</summary>
    public Vote? Vote { get; set; }

    /// <summary>Why the branch can only roll back, once doomed.</summary>
    public string? DoomReason { get; private set; }

    /// <summary>The machine-readable reason that goes with it.</summary>
    public string? DoomCode { get; private set; }

    /// <summary>When the transaction's deadline passes, as a timestamp of the TimeProvider; null before enlistment.</summary>
    public long? Deadline { get; set; }

    /// <summary>When it came to its present state, as a timestamp of the TimeProvider.</summary>
    public long Since { get; private set; }

    /// <summary>Asks whatever runs on the session to stop.</summary>
    public CancellationToken Ending { get; }

    /// <summary>A commit without prepare was sent to the database: from then on only proof tells how the branch ended (R13).</summary>
    public bool IsOnePhaseSent { get; private set; }

    /// <summary>What the vote gave to prove the outcome with later.</summary>
    public string? Evidence => (Vote as Vote.Prepared)?.Evidence;

    /// <summary>The only place where the state changes.</summary>
    public void MoveTo(HeldState next)
    {
        lock (_sync)
        {
            if (!State.CanBecome(next))
                throw new InvalidOperationException($"Branch {Id} cannot become {next} from {State}.");
            State = next;
            IsOnePhaseSent |= next == HeldState.CommittingOnePhase;
            Since = _time.GetTimestamp();
        }
    }

    /// <summary>Makes an unprepared branch end in rollback and nothing else; false if it is prepared, voting or over.</summary>
    public bool TryDoom(string code, string reason)
    {
        lock (_sync)
        {
            if (!State.IsUnprepared())
                return false;
            DoomCode = code;
            DoomReason = reason;
            MoveTo(HeldState.Doomed);
            return true;
        }
    }

    /// <summary>Stops work and waiting statements. Never called inside the lock: cancelling runs others' code.</summary>
    public void StopWork(Exception refusal)
    {
        Gate.Refuse(refusal);
        Opened.TrySetException(refusal);
        _ending.Cancel();
        Settle();
    }

    /// <summary>Calls back on the caller's scheduler once the time is over, unless the branch has settled.</summary>
    public void WatchDeadline(TimeSpan remaining, Action passed)
    {
        var scheduler = SynchronizationContext.Current;
        lock (_sync)
        {
            if (!_settled)
                _deadlineTimer = _time.CreateTimer(OnTime, state: null, remaining, Timeout.InfiniteTimeSpan);
        }

        void OnTime(object? state)
        {
            if (scheduler is null)
                passed();
            else
                scheduler.Post(_ => passed(), state: null);
        }
    }

    /// <summary>Ends the watch over the deadline; one that passes in this moment is told still.</summary>
    public void Settle()
    {
        lock (_sync)
        {
            _settled = true;
            _deadlineTimer?.Dispose();
            _deadlineTimer = null;
        }
    }
}
