namespace Coordinator.Participant.Session;

/// <summary>
/// Lets one user at a time at a branch's session, in the order of their asking: drivers' connections serve one. Made of
/// TaskCompletionSource alone, because SemaphoreSlim resumes waiters with a token on the thread pool, which a
/// single-threaded simulation cannot follow.
/// </summary>
internal sealed class UseGate(Lock sync)
{
    private readonly LinkedList<Waiter> _waiters = [];
    private bool _busy = true;

    /// <summary>Enters unless somebody is inside. The gate starts entered, by whoever made the branch.</summary>
    public bool TryEnter()
    {
        lock (sync)
        {
            if (_busy)
                return false;
            _busy = true;
            return true;
        }
    }

    /// <summary>Waits for the turn of a statement; <see cref="Refuse"/> ends the wait with its exception.</summary>
    public Task EnterForWorkAsync(CancellationToken cancellationToken) =>
        EnterAsync(forWork: true, Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);

    /// <summary>Waits for the turn of a command; false if it did not come within the limit.</summary>
    public Task<bool> EnterForCommandAsync(TimeSpan limit, TimeProvider time) =>
        EnterAsync(forWork: false, limit, time, CancellationToken.None);

    /// <summary>Lets the next one in.</summary>
    public void Leave()
    {
        Waiter? next;
        lock (sync)
        {
            next = _waiters.First?.Value;
            if (next is null)
            {
                _busy = false;
            }
            else
            {
                _waiters.RemoveFirst();
                // Under the lock, since the waiter may give up before its turn is completed: the flag alone says whose
                // the gate is.
                next.IsGranted = true;
            }
        }

        next?.Turn.SetResult();
    }

    /// <summary>Sends away the statements that wait; commands keep waiting.</summary>
    public void Refuse(Exception reason)
    {
        List<Waiter> refused;
        lock (sync)
        {
            refused = _waiters.Where(waiter => waiter.ForWork).ToList();
            foreach (var waiter in refused)
                _waiters.Remove(waiter);
        }

        foreach (var waiter in refused)
            waiter.Turn.SetException(reason);
    }

    private async Task<bool> EnterAsync(
        bool forWork, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (TryEnter())
            return true;
        var waiter = new Waiter(forWork, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (sync)
        {
            if (!_busy)
            {
                _busy = true;
                return true;
            }

            _waiters.AddLast(waiter);
        }

        try
        {
            await waiter.Turn.Task.OnCallersScheduler().WaitAsync(limit, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return !TryWithdraw(waiter);
        }
        catch (OperationCanceledException)
        {
            // The turn may have come in the same moment; it is passed on.
            if (!TryWithdraw(waiter))
                Leave();
            throw;
        }
    }

    // False if the gate is this waiter's already.
    private bool TryWithdraw(Waiter waiter)
    {
        lock (sync)
        {
            // A refused waiter is not in the list any more either.
            _waiters.Remove(waiter);
            return !waiter.IsGranted;
        }
    }

    private sealed class Waiter(bool forWork, TaskCompletionSource turn)
    {
        public bool ForWork => forWork;

        public TaskCompletionSource Turn => turn;

        /// <summary>Set once, under the lock, when the gate becomes this waiter's.</summary>
        public bool IsGranted { get; set; }
    }
}
