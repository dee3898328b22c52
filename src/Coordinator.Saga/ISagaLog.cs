namespace Coordinator.Saga;

/// <summary>Where sagas stand, durably: one row a saga, from its begin to its end.</summary>
public interface ISagaLog : IAsyncDisposable
{
    /// <summary>Every saga that has not ended, in the order in which they began.</summary>
    Task<IReadOnlyList<SagaProgress>> ReadAllAsync();

    /// <summary>
    /// Writes how a saga stands. A forced write is on disk when the task ends. One that is not forced is queued, and may
    /// be lost with what was queued after it: the saga is then found a step further back, and the step's key row answers.
    /// </summary>
    /// <exception cref="SagaLogException">Unknown whether it was written. Nothing more is written until the log is opened anew.</exception>
    Task WriteAsync(SagaProgress progress, bool force);

    /// <summary>Removes a saga that has ended; never forced, since asking its steps again changes nothing.</summary>
    Task RemoveAsync(string saga);
}

/// <summary>How a saga stands.</summary>
/// <param name="Id">The saga, at most 100 characters.</param>
/// <param name="Definition">The name of its definition.</param>
/// <param name="Input">What its steps work on.</param>
/// <param name="State">Forward, back, or stuck.</param>
/// <param name="Next">The index of the step that is next to be done or undone.</param>
/// <param name="Reason">Why it turned back or is stuck; null while it goes forward.</param>
public sealed record SagaProgress(string Id, string Definition, string Input, SagaState State, int Next, string? Reason);

/// <summary>Where a saga is heading. Persisted: values never change.</summary>
public enum SagaState
{
    /// <summary>Steps are being done.</summary>
    Forward = 1,

    /// <summary>Steps are being undone. Forced before the first of them, so that no start ever goes forward again.</summary>
    Back = 2,

    /// <summary>A compensation kept failing.</summary>
    Stuck = 3,
}

/// <summary>The saga log cannot be read or written.</summary>
public sealed class SagaLogException(string message, Exception? inner = null) : Exception(message, inner);
