namespace Coordinator.Log;

/// <summary>Something that runs on the writer's thread.</summary>
internal interface IWork
{
    bool RunsWhenFailed { get; }

    void Execute(LogStore store);

    void Acknowledge();

    void Fail(Exception exception);
}

/// <summary>Something that runs on the writer's thread and gives an answer.</summary>
internal sealed class Work<T>(Func<LogStore, T> work, bool runsWhenFailed) : IWork
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public bool RunsWhenFailed => runsWhenFailed;

    public Task<T> Done => _done.Task;

    public void Execute(LogStore store) => _result = work(store);

    public void Acknowledge() => _done.SetResult(_result!);

    public void Fail(Exception exception) => _done.SetException(exception);
}
