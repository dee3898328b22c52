using System.Data.Common;

namespace Coordinator;

/// <summary>
/// A branch at work: the session that begins it, does its statements and prepares it. Not thread-safe, as the driver's
/// connection is not. Disposing an unprepared branch rolls it back; disposing a prepared one leaves it prepared.
/// </summary>
public interface IBranchSession : IAsyncDisposable
{
    /// <summary>Which branch.</summary>
    BranchId Id { get; }

    /// <summary>
    /// The connection to work with, inside the branch's transaction. A command that fails on it poisons the branch.
    /// Neither close it nor end its transaction.
    /// </summary>
    DbConnection Connection { get; }

    /// <summary>The driver's own connection, for what the driver alone offers. See each resource manager for what a failed command on it does.</summary>
    DbConnection DriverConnection { get; }

    /// <summary>Why the branch can only roll back; null while it may commit.</summary>
    string? PoisonReason { get; }

    /// <summary>Makes the branch vote no. The first reason is kept.</summary>
    void Poison(string reason);

    /// <summary>
    /// Prepares with proof. A poisoned branch, a branch with a statement still running, and a database's definite
    /// refusal are votes of no, after which the branch is rolled back. No answer throws: the caller then ends the
    /// session with <see cref="IResourceManager.RollbackAsync"/>.
    /// </summary>
    Task<Vote> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Commits without prepare (R13). <see cref="BranchOutcome.RolledBack"/> is a definite no; an exception leaves it in doubt.</summary>
    Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken);

    /// <summary>Commits the prepared branch on this session, where the database needs that; else as <see cref="IResourceManager.CommitAsync"/>.</summary>
    Task<BranchReport> CommitAsync(CancellationToken cancellationToken);

    /// <summary>Rolls back, prepared or not.</summary>
    Task<BranchReport> RollbackAsync(CancellationToken cancellationToken);
}
