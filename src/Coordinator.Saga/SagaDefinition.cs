namespace Coordinator.Saga;

/// <summary>What a saga does: local transactions in this order, each of which may be undone by another one.</summary>
/// <param name="Name">Under which the log knows it; sagas in the log find their definition again by it.</param>
/// <param name="Steps">In order; at least one. A later version of a definition may only add steps at the end.</param>
public sealed record SagaDefinition(string Name, IReadOnlyList<SagaStep> Steps);

/// <summary>One step: a local transaction at a participant.</summary>
/// <param name="Name">Under which the participant knows its action and compensation.</param>
/// <param name="Participant">Who does it.</param>
/// <param name="HasCompensation">False for a step that leaves nothing to undo, as a check.</param>
public sealed record SagaStep(string Name, string Participant, bool HasCompensation = true);

/// <summary>How a saga ended.</summary>
public enum SagaOutcome
{
    /// <summary>Every step is done.</summary>
    Completed = 1,

    /// <summary>A step was refused or given up; every step before it has been undone.</summary>
    Compensated = 2,

    /// <summary>
    /// A compensation kept failing: what was done before it stays done. It is tried again at the next start, or by
    /// <see cref="SagaDriver.ResumeAsync"/>; an operator has to look.
    /// </summary>
    Stuck = 3,
}

/// <summary>A saga's end.</summary>
/// <param name="Id">The saga.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why it did not complete; null if it did.</param>
public sealed record SagaResult(string Id, SagaOutcome Outcome, string? Reason);
