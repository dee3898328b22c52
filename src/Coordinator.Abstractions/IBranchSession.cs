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

    /// <summary>The driver's own connection, for what the driver alone offers; a branch that has not begun begins now. See each resource manager for what a failed command on it does.</summary>
    DbConnection DriverConnection { get; }

    /// <summary>Why the branch can only roll back; null while it may commit.</summary>
    string? PoisonReason { get; }

    /// <summary>Makes the branch vote no. The first reason is kept.</summary>
    void Poison(string reason);

    /// <summary>
    /// Sets session variables for this branch alone, to be called before the statements that need them. Where the branch
    /// has not begun, they share its first round trip.
    /// </summary>
    /// <param name="variables">The server's names, in lower case, and plain values: letters, digits, blanks and <c>,.:/+_-</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">A name or value is not plain.</exception>
    Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken);

    /// <summary>
    /// Adds a statement that is run when the branch is prepared, or committed in one phase, in the same round trip. Its
    /// text and parameters are taken now, so the command may be changed or disposed. Deferred statements run in the order
    /// in which they were added, after all others, and nobody sees their results. One that fails makes the vote a no.
    /// </summary>
    /// <param name="command">A command of <see cref="Connection"/>, one statement of text, and none that begins or ends a transaction.</param>
    /// <param name="expectedRows">How many rows it must change; another number makes the vote a no. Null: any.</param>
    /// <exception cref="ArgumentException">The command is not one of <see cref="Connection"/>.</exception>
    /// <exception cref="NotSupportedException">The command is a procedure's name, or several statements.</exception>
    /// <exception cref="InvalidOperationException">The statement begins or ends a transaction, which poisons the branch, or the branch takes no more.</exception>
    void Defer(DbCommand command, int? expectedRows);

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
