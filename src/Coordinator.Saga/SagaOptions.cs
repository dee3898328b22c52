namespace Coordinator.Saga;

/// <summary>Limits of a <see cref="SagaDriver"/>, and its clock.</summary>
public sealed record SagaOptions
{
    /// <summary>How often a step without an answer is asked before the saga turns back (5).</summary>
    public int StepAttempts { get; init; } = 5;

    /// <summary>How often a compensation is tried before the saga is stuck (10).</summary>
    public int CompensationAttempts { get; init; } = 10;

    /// <summary>The mean pause before the second attempt (20 ms); it doubles, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest pause between two attempts (1 s).</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one command may take before it counts as unanswered (10 s).</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock of all waiting.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Called between the moments of a saga: for drills and tests that stop or kill it there.</summary>
    public Func<SagaPoint, Task>? AtPoint { get; init; }

    /// <summary>Called for each attempt that got no answer and is repeated.</summary>
    public Action<StepCommand, Exception>? OnRetry { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(StepAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CompensationAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RetryDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRetryDelay, RetryDelay);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(CommandTimeout, TimeSpan.Zero);
    }
}

/// <summary>A moment of a saga: before a step, or, with the index behind the last one, before its end.</summary>
/// <param name="Saga">Which saga.</param>
/// <param name="Direction">Forward or back.</param>
/// <param name="Index">The step that comes next.</param>
public sealed record SagaPoint(string Saga, StepDirection Direction, int Index);
