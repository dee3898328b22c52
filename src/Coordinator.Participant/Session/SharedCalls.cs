namespace Coordinator.Participant.Session;

/// <summary>Concurrent calls with one key share one execution, which no caller's cancellation ends (R9, R12).</summary>
internal sealed class SharedCalls<TKey, TResult>
    where TKey : notnull
{
    private readonly Lock _sync = new();
    private readonly Dictionary<TKey, Task<TResult>> _running = [];

    /// <param name="key">What is done, to what.</param>
    /// <param name="execute">Started at once unless the same is already running.</param>
    /// <param name="cancellationToken">Ends the wait, never the execution.</param>
    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> execute, CancellationToken cancellationToken)
    {
        TaskCompletionSource<TResult>? mine = null;
        Task<TResult>? shared;
        lock (_sync)
        {
            if (!_running.TryGetValue(key, out shared))
            {
                mine = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
                _running.Add(key, shared = mine.Task);
            }
        }

        // Outside the lock: the execution's first part runs on this very stack.
        if (mine is not null)
            _ = CompleteAsync(key, execute, mine);
        return shared.OnCallersScheduler().WaitAsync(cancellationToken);
    }

    private async Task CompleteAsync(TKey key, Func<Task<TResult>> execute, TaskCompletionSource<TResult> completion)
    {
        try
        {
            var result = await execute();
            Remove(key);
            completion.SetResult(result);
        }
        catch (Exception failure)
        {
            // Not swallowed: it is what every waiting caller gets.
            Remove(key);
            completion.SetException(failure);
        }
    }

    private void Remove(TKey key)
    {
        lock (_sync)
            _running.Remove(key);
    }
}
