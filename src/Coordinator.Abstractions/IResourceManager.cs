namespace Coordinator;

/// <summary>
/// A database's prepared transactions behind one interface. Commands are idempotent; expected outcomes are values;
/// a database that cannot be reached, or gives no answer, is a <see cref="System.Data.Common.DbException"/> or
/// <see cref="TimeoutException"/>, after which the branch's state is unknown to the caller, who asks again.
/// </summary>
public interface IResourceManager : IAsyncDisposable
{
    /// <summary>The kind of database.</summary>
    ResourceKind Kind { get; }

    /// <summary>
    /// Makes and migrates the tables that the resource manager needs, checks rights and settings, and reads the
    /// database's identity and the coordinator mark that it remembers.
    /// </summary>
    /// <exception cref="ResourceRefusedException">The database cannot take part; the message says what to change.</exception>
    Task<ResourceAttachment> AttachAsync(CancellationToken cancellationToken);

    /// <summary>Opens a session and begins a branch in it.</summary>
    Task<IBranchSession> BeginAsync(BranchId branch, BranchOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Commits a prepared branch from any session. <see cref="BranchOutcome.Prepared"/> means: try again;
    /// <see cref="BranchOutcome.RolledBack"/> and <see cref="BranchOutcome.Unknown"/> are heuristic alarms.
    /// </summary>
    Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken);

    /// <summary>
    /// Rolls back a branch from any session: prepared, or active in a session that was lost, which is ended first, so
    /// that a late prepare cannot follow. A branch that the database does not know and that can never appear is
    /// <see cref="BranchOutcome.RolledBack"/>.
    /// </summary>
    Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken);

    /// <summary>Tells how a branch stands, by proof and nothing else; changes nothing.</summary>
    Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken);

    /// <summary>Lists all prepared branches of the database. Throws on a standby, and when the list cannot be had.</summary>
    Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken);

    /// <summary>A text that changes when the database server was restarted.</summary>
    Task<string> GetServerStartAsync(CancellationToken cancellationToken);

    /// <summary>Remembers a coordinator's epoch and log position; never moves a cluster's mark backwards.</summary>
    Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes what the resource manager keeps to prove the outcome of transactions that the coordinator has ended
    /// (witness rows) and that are older than <paramref name="olderThan"/>. Called now and then; bounded work a call.
    /// </summary>
    Task TrimAsync(TimeSpan olderThan, CancellationToken cancellationToken);
}

/// <summary>What attaching to a database found.</summary>
/// <param name="Identity">Which database it is.</param>
/// <param name="Marks">The coordinators that it remembers, one a cluster.</param>
/// <param name="ServerStart">Changes when the database server was restarted.</param>
/// <param name="ServerVersion">For people.</param>
/// <param name="MaxBranches">How many branches the database can hold prepared or in sessions at once (slots, connections).</param>
/// <param name="MaxSessions">How many branches this process can have in sessions at once (its pool).</param>
public sealed record ResourceAttachment(
    ResourceIdentity Identity,
    IReadOnlyList<CoordinatorMark> Marks,
    string ServerStart,
    string ServerVersion,
    int MaxBranches,
    int MaxSessions = int.MaxValue);

/// <summary>How a branch's session is opened.</summary>
/// <param name="LockTimeout">How long a statement may wait for a lock; whole seconds on MySQL and MariaDB.</param>
/// <param name="IsolationLevel">The isolation level; null for the database's default.</param>
/// <param name="MayVoteReadOnly">
/// The caller vows that the branch sends no NOTIFY and needs none of its locks once it has voted, so that a branch that
/// wrote nothing may vote read-only. No database can prove that vow, so without it the branch is prepared.
/// </param>
public sealed record BranchOptions(
    TimeSpan LockTimeout,
    System.Data.IsolationLevel? IsolationLevel = null,
    bool MayVoteReadOnly = false);

/// <summary>A database refuses to take part for a reason that somebody must change.</summary>
public sealed class ResourceRefusedException : Exception
{
    /// <summary>Says what is wrong and what to do about it.</summary>
    public ResourceRefusedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
