namespace Coordinator.Saga.Tests;

/// <summary>
/// Participants in memory that do as told and keep one ordered record of what was really done, each command once, as key
/// rows make it.
/// </summary>
internal sealed class Recording : ISagaParticipant
{
    private readonly HashSet<(string, int, StepDirection)> _keys = [];

    /// <summary>What was done, in order: <c>+step</c> or <c>-step</c>.</summary>
    public List<string> Done { get; } = [];

    /// <summary>Decides over a command before it is done: null lets it through, a text refuses it, an exception is no answer.</summary>
    public Func<StepCommand, string?> Before { get; set; } = _ => null;

    /// <summary>Called after it is done: an exception loses the answer.</summary>
    public Action<StepCommand> After { get; set; } = _ => { };

    public Task<StepAnswer> ExecuteAsync(StepCommand command, CancellationToken cancellationToken)
    {
        if (Before(command) is { } refusal)
            return Task.FromResult(new StepAnswer(refusal));
        if (_keys.Add((command.Saga, command.Index, command.Direction)))
        {
            var nothingToUndo = command.Direction == StepDirection.Compensation && _keys.Add((command.Saga, command.Index, StepDirection.Action));
            Done.Add((command.Direction == StepDirection.Action ? "+" : nothingToUndo ? "(nothing) -" : "-") + command.Step);
        }

        After(command);
        return Task.FromResult(StepAnswer.Done);
    }
}

/// <summary>A log in memory that survives its driver, and loses what was not forced if told to.</summary>
internal sealed class MemoryLog : ISagaLog
{
    private readonly List<SagaProgress> _queued = [];

    public Dictionary<string, SagaProgress> Durable { get; } = [];

    /// <summary>The forced writes, in order.</summary>
    public List<string> Forced { get; } = [];

    public Task<IReadOnlyList<SagaProgress>> ReadAllAsync() => Task.FromResult<IReadOnlyList<SagaProgress>>([.. Durable.Values]);

    public Task WriteAsync(SagaProgress progress, bool force)
    {
        _queued.Add(progress);
        if (!force)
            return Task.CompletedTask;
        foreach (var write in _queued)
            Durable[write.Id] = write;
        _queued.Clear();
        Forced.Add($"{progress.State} {progress.Next}");
        return Task.CompletedTask;
    }

    public Task RemoveAsync(string saga)
    {
        Durable.Remove(saga);
        return Task.CompletedTask;
    }

    /// <summary>A crash: what was only queued is gone.</summary>
    public void Crash() => _queued.Clear();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
