namespace Coordinator;

/// <summary>
/// One attached instance of a participant, as the coordinator sees it: in-process, or at the other end of an attach
/// stream. Commands are idempotent (R9). An instance that is gone, or does not answer, throws
/// <see cref="ParticipantUnavailableException"/>: then nothing is known and the command is sent again.
/// </summary>
public interface IParticipant
{
    /// <summary>The name under which it is registered.</summary>
    string Name { get; }

    /// <summary>This process of it.</summary>
    string Instance { get; }

    /// <summary>Its database.</summary>
    ResourceAttachment Resource { get; }

    /// <summary>Prepares a branch that this instance holds. A branch that it does not hold is a vote of no.</summary>
    Task<Vote> PrepareAsync(BranchId branch, CancellationToken cancellationToken);

    /// <summary>Commits the only branch of a transaction without prepare (R13).</summary>
    Task<BranchReport> CommitOnePhaseAsync(BranchId branch, CancellationToken cancellationToken);

    /// <summary>Commits a prepared branch, whichever instance prepared it.</summary>
    Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken);

    /// <summary>Rolls a branch back, whichever instance holds it; prepared, active or never seen.</summary>
    Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken);

    /// <summary>Tells how a branch stands; changes nothing.</summary>
    Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken);

    /// <summary>Lists all prepared branches of its database.</summary>
    Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken);

    /// <summary>Remembers the coordinator's epoch and log position in its database (R7).</summary>
    Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken);
}

/// <summary>A participant's instance did not answer; what it did is unknown.</summary>
public sealed class ParticipantUnavailableException : Exception
{
    public ParticipantUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
