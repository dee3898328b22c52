using System.Data.Common;

namespace Coordinator.Participant.Session;

/// <summary>
/// The right to work in a branch, held by one caller at a time until it is disposed. Prepare does not wait for it: a
/// branch with work in hand votes no (R14). So dispose it before the answer goes back to the transaction's client.
/// </summary>
public sealed class BranchWork : IAsyncDisposable
{
    private readonly ParticipantSession _owner;
    private readonly HeldBranch _branch;
    private readonly IBranchSession _session;
    private int _disposed;

    internal BranchWork(ParticipantSession owner, HeldBranch branch, IBranchSession session, bool isFirst)
    {
        _owner = owner;
        _branch = branch;
        _session = session;
        IsFirst = isFirst;
    }

    /// <summary>The transaction and the branch.</summary>
    public BranchId Id => _branch.Id;

    /// <summary>The branch's name, which the transaction's client passes to Commit.</summary>
    public BranchName Branch => _branch.Id.Branch;

    /// <summary>True if this is the first work in the branch.</summary>
    public bool IsFirst { get; }

    /// <summary>The connection to work with, in the branch's transaction; a command that fails on it poisons the branch.</summary>
    public DbConnection Connection => Session.Connection;

    /// <summary>The driver's own connection. Call <see cref="Poison"/> when a command on it fails.</summary>
    public DbConnection DriverConnection => Session.DriverConnection;

    /// <summary>Why the branch can only roll back; null while it may commit.</summary>
    public string? PoisonReason => _session.PoisonReason;

    /// <summary>Cancelled when the work must stop: the deadline passed, a rollback came, a newer epoch attached.</summary>
    public CancellationToken Ending => _branch.Ending;

    /// <summary>Why <see cref="Ending"/> was cancelled.</summary>
    internal EnlistmentRefusedException Refusal => Refusals.Doomed(_branch);

    private IBranchSession Session
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
            return _session;
        }
    }

    /// <summary>Makes the branch vote no.</summary>
    /// <param name="reason">For people; never with SQL parameters.</param>
    public void Poison(string reason) => Session.Poison(reason);

    /// <summary>Sets session variables for this branch alone; see <see cref="IBranchSession.ConfigureAsync"/>.</summary>
    /// <param name="variables">Names and plain values.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken) =>
        Session.ConfigureAsync(variables, cancellationToken);

    /// <summary>
    /// Adds a statement that is run when the branch is prepared, in the same round trip; see <see cref="IBranchSession.Defer"/>.
    /// </summary>
    /// <param name="command">A command of <see cref="Connection"/>; its text and parameters are taken now.</param>
    /// <param name="expectedRows">How many rows it must change, or the branch votes no; null: any.</param>
    public void Defer(DbCommand command, int? expectedRows = null) => Session.Defer(command, expectedRows);

    /// <summary>Ends the work, not the branch.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            await _owner.EndWorkAsync(_branch);
    }
}
