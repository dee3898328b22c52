namespace Coordinator.Saga;

/// <summary>
/// Does steps as local transactions, each at most once however often it is asked. What throws is unknown and is asked
/// again; an answer is final.
/// </summary>
public interface ISagaParticipant
{
    /// <summary>Does a step's action or compensation, unless that was done before, and tells how it ended.</summary>
    Task<StepAnswer> ExecuteAsync(StepCommand command, CancellationToken cancellationToken);
}

/// <summary>What a participant is asked to do.</summary>
/// <param name="Saga">The saga; with the index, the key by which a repeated command is recognized.</param>
/// <param name="Index">The step's place in its saga, from 0.</param>
/// <param name="Step">The step's name.</param>
/// <param name="Direction">Do it, or undo it.</param>
/// <param name="Input">The saga's own input, as its definition's steps understand it.</param>
public sealed record StepCommand(string Saga, int Index, string Step, StepDirection Direction, string Input);

/// <summary>Forward or back. Persisted in the participants' databases: values never change.</summary>
public enum StepDirection
{
    /// <summary>The step's action.</summary>
    Action = 1,

    /// <summary>Its compensation.</summary>
    Compensation = 2,
}

/// <summary>A step's end: done (<paramref name="Refusal"/> is null), or refused for a reason of the business, with nothing changed.</summary>
/// <param name="Refusal">Why; null if it is done.</param>
public sealed record StepAnswer(string? Refusal)
{
    /// <summary>Done, now or before.</summary>
    public static StepAnswer Done { get; } = new(Refusal: null);
}
