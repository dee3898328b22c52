using Coordinator.Participant.Session;

namespace Coordinator.Participant;

/// <summary>
/// A database that takes part in global transactions, as a service works with it:
/// <code>
/// await using var work = await participant.EnlistAsync(transaction, cancellationToken);
/// await using var command = work.Connection.CreateCommand();
/// </code>
/// Dispose the work before the answer goes out: prepare does not wait for it (R14).
/// </summary>
public interface ICoordinatorParticipant
{
    /// <summary>The name under which it is registered, and this process of it.</summary>
    BranchName Branch { get; }

    /// <summary>True while this process is attached to the coordinator.</summary>
    bool IsAttached { get; }

    /// <summary>What attaching to the database found; null before it was first reached.</summary>
    ResourceAttachment? Resource { get; }

    /// <summary>How many branches this process holds: at work, prepared, or unknown.</summary>
    int OpenBranches { get; }

    /// <summary>Its logic, for initiators (Coordinator.Initiation); null before the database was first reached.</summary>
    ParticipantSession? Session { get; }

    /// <summary>Completes once this process is attached.</summary>
    Task WhenAttachedAsync(CancellationToken cancellationToken);

    /// <summary>Waits for the turn to work in the transaction's branch; the first work enlists and begins it.</summary>
    /// <exception cref="EnlistmentRefusedException">No such work is taken; the reason says why.</exception>
    /// <exception cref="ParticipantUnavailableException">The coordinator or the database does not answer.</exception>
    Task<BranchWork> EnlistAsync(TransactionId transaction, CancellationToken cancellationToken);

    /// <summary>As above; the options count if this is the transaction's first work here.</summary>
    Task<BranchWork> EnlistAsync(TransactionId transaction, BranchOptions? options, CancellationToken cancellationToken);
}
