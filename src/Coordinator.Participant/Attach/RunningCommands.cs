namespace Coordinator.Participant.Attach;

/// <summary>Counts the commands that have come and whose answers have not been handed to the outbox.</summary>
internal sealed class RunningCommands
{
    private readonly Lock _sync = new();
    private int _count;
    private TaskCompletionSource? _none;

    /// <summary>Counts one more; returns how many there are.</summary>
    public int Add()
    {
        lock (_sync)
            return ++_count;
    }

    public void Remove()
    {
        lock (_sync)
        {
            if (--_count == 0)
                _none?.TrySetResult();
        }
    }

    /// <summary>Completes once none is running.</summary>
    public Task WhenNoneAsync()
    {
        lock (_sync)
        {
            if (_count == 0)
                return Task.CompletedTask;
            _none ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _none.Task;
        }
    }
}
