namespace Coordinator;

/// <summary>
/// Where a participant enlists its branches: the coordinator, in-process or at the other end of the attach stream. Work
/// returns to the caller only after the enlistment was acknowledged (R14).
/// </summary>
public interface IEnlistment
{
    /// <summary>Enlists a branch; enlisting it again gives the same answer.</summary>
    /// <returns>How long the transaction may still take before its deadline.</returns>
    /// <exception cref="EnlistmentRefusedException">The transaction is unknown, of another epoch, over, or already committing.</exception>
    /// <exception cref="ParticipantUnavailableException">No answer came.</exception>
    Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken);
}

/// <summary>The coordinator does not take the branch into the transaction.</summary>
public sealed class EnlistmentRefusedException : Exception
{
    /// <param name="reason">A machine-readable reason, as in <c>errors.proto</c>.</param>
    /// <param name="message">For people.</param>
    public EnlistmentRefusedException(string reason, string message)
        : base(message) => Reason = reason;

    /// <summary>A machine-readable reason, as in <c>errors.proto</c>.</summary>
    public string Reason { get; }
}
