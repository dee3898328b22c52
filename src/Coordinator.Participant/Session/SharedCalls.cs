namespace Coordinator.Participant.Session;

/// <summary>Concurrent calls with one key share one execution, which no caller's cancellation ends (R9, R12).</summary>
internal sealed class SharedCalls<TKey, TResult>
    where TKey : notnull
{
    private readonly Lock _sync = new();
    private readonly Dictionary<TKey, Call> _running = [];

    /// <param name="key">What is done, to what.</param>
    /// <param name="execute">Started at once unless the same is already running.</param>
    /// <param name="cancellationToken">Ends the wait, never the execution.</param>
    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> execute, CancellationToken cancellationToken)
    {
        Call mine;
        lock (_sync)
        {
            if (_running.TryGetValue(key, out var running))
                return running.JoinAsync().OnCallersScheduler().WaitAsync(cancellationToken);
            _running.Add(key, mine = new Call());
        }

        // Outside the lock: the execution's first part runs on this very stack.
        return CompleteAsync(key, execute, mine).WaitAsync(cancellationToken);
    }

    private async Task<TResult> CompleteAsync(TKey key, Func<Task<TResult>> execute, Call mine)
    {
        try
        {
            var result = await execute();
            Remove(key)?.SetResult(result);
            return result;
        }
        catch (Exception failure)
        {
            Remove(key)?.SetException(failure);
            throw;
        }

        // Nobody joins once it is removed.
        TaskCompletionSource<TResult>? Remove(TKey ended)
        {
            lock (_sync)
            {
                _running.Remove(ended);
                return mine.Joined;
            }
        }
    }

    private sealed class Call
    {
        /// <summary>What those wait for who came later; null as long as nobody did, which is the rule.</summary>
        public TaskCompletionSource<TResult>? Joined { get; private set; }

        public Task<TResult> JoinAsync() =>
            (Joined ??= new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }
}
