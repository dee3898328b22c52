using System.Diagnostics;
using Coordinator.Client.Calls;
using Coordinator.Contracts.V1;

namespace Coordinator.Client;

/// <summary>
/// A transaction that this process began and will end. Disposing it without a commit rolls it back. Its members may be
/// used by several threads; the calls that work in it must have ended before it is committed.
/// </summary>
public sealed partial class GlobalTransaction : IAsyncDisposable
{
    private static readonly AsyncLocal<GlobalTransaction?> Ambient = new();

    private readonly CoordinatorClient _client;
    private readonly Lock _lock = new();
    private readonly HashSet<BranchName> _branches = [];
    private readonly long _begunAt;
    private readonly TimeSpan _remainingAtBegin;
    private Phase _phase;
    private string? _rollbackOnly;
    private int _openCalls;

    internal GlobalTransaction(CoordinatorClient client, TransactionId id, TimeSpan remaining, bool alreadyCommitted)
    {
        _client = client;
        Id = id;
        AlreadyCommitted = alreadyCommitted;
        _phase = alreadyCommitted ? Phase.Over : Phase.Active;
        _remainingAtBegin = remaining;
        _begunAt = client.Options.TimeProvider.GetTimestamp();
    }

    // How far this object is, which is not how far the transaction is.
    private enum Phase
    {
        Active,
        Ending,
        InDoubt,
        Over,
    }

    /// <summary>The transaction of the innermost <see cref="MakeCurrent"/> scope of this flow of control; null outside.</summary>
    public static GlobalTransaction? Current => Ambient.Value;

    /// <summary>The transaction's id. It is a secret of those who work in it: who knows it can commit it.</summary>
    public TransactionId Id { get; }

    /// <summary>
    /// True if the idempotency key found a transaction that is committed: the work is done, and is not to be done again.
    /// </summary>
    public bool AlreadyCommitted { get; }

    /// <summary>The span of Begin; default if nobody listened.</summary>
    internal ActivityContext BegunIn { private get; init; }

    /// <summary>How long until the transaction aborts by itself unless commit is asked for; not below zero.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = _remainingAtBegin - _client.Options.TimeProvider.GetElapsedTime(_begunAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The branches that the calls in this transaction reported so far; Commit names them.</summary>
    public IReadOnlyCollection<BranchName> Branches
    {
        get
        {
            lock (_lock)
                return [.. _branches];
        }
    }

    /// <summary>Why the transaction can only roll back; null if it may commit.</summary>
    public string? RollbackOnlyReason
    {
        get
        {
            lock (_lock)
                return _rollbackOnly;
        }
    }

    /// <summary>Names a branch that a call of the application's own making reported. Naming it again changes nothing.</summary>
    /// <exception cref="InvalidOperationException">The transaction is over, or being ended.</exception>
    public void AddBranch(BranchName branch)
    {
        // Throws for a default value, which names no branch.
        _ = branch.Participant;
        lock (_lock)
        {
            RequireActive("A branch cannot be added");
            Join(branch);
        }
    }

    /// <summary>
    /// Makes a later commit roll back instead. The first reason stays; once commit was asked for, it changes nothing.
    /// </summary>
    /// <param name="reason">For people.</param>
    public void SetRollbackOnly(string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        lock (_lock)
        {
            if (_rollbackOnly is not null || _phase != Phase.Active)
                return;
            _rollbackOnly = reason;
        }

        Log.RollbackOnly(_client.Logger, Id, reason);
    }

    /// <summary>
    /// Makes this the <see cref="Current"/> transaction until the result is disposed: calls made through
    /// <see cref="GlobalTransactionHandler"/> and <see cref="GlobalTransactionInterceptor"/> meanwhile work in it.
    /// </summary>
    public AmbientScope MakeCurrent()
    {
        lock (_lock)
            RequireActive("It cannot be made current");
        var scope = new AmbientScope(outer: Ambient.Value);
        Ambient.Value = this;
        return scope;
    }

    /// <summary>SQL in this transaction, run by a participant.</summary>
    /// <param name="address">Where the participant's SQL service listens, for example <c>http://10.0.0.5:7080</c>.</param>
    public ParticipantSql Sql(Uri address) => new(this, _client, address);

    /// <summary>Commits over all branches, or aborts. Returns only if it is committed.</summary>
    /// <exception cref="TransactionAbortedException">No branch commits, ever.</exception>
    /// <exception cref="TransactionInDoubtException">
    /// Not known within <see cref="CommitOptions.Wait"/>, or the caller canceled after commit was sent: ask again with
    /// this method. A <see cref="TransactionUnknownException"/> means that it cannot be known any more.
    /// </exception>
    /// <exception cref="TransactionHeuristicException">Some branches ended otherwise than decided.</exception>
    /// <exception cref="CoordinatorUnavailableException">Commit was never sent: it is not committed.</exception>
    /// <exception cref="CoordinatorException">The coordinator refused, for want of rights for example: it is not committed.</exception>
    /// <exception cref="OperationCanceledException">Canceled before commit was sent.</exception>
    /// <exception cref="InvalidOperationException">It is over, or a call that works in it has not ended.</exception>
    public async Task<CommitResult> CommitAsync(
        CommitOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= CommitOptions.Default;
        options.Validate();
        cancellationToken.ThrowIfCancellationRequested();
        if (AlreadyCommitted)
            return new CommitResult(DeliveryPending: false, Branches: []);
        var before = BeginEnding("It cannot be committed");
        // Once commit was asked for, only the coordinator knows.
        if (before == Phase.Active && RollbackOnlyReason is { } why)
            throw await AbortInsteadAsync(why, cancellationToken).ConfigureAwait(false);
        var request = new CommitRequest
        {
            TransactionId = Id.Value,
            Branches = { Branches.Select(branch => branch.ToString()) },
            Return = options.Return == CommitReturn.Decided
                ? Contracts.V1.CommitReturn.Decided
                : Contracts.V1.CommitReturn.Unspecified,
        };
        var call = new CommitCall(_client, Id, request, options, askedBefore: before == Phase.InDoubt);
        var after = before;
        try
        {
            var result = await TraceAsync("commit", () => call.RunAsync(cancellationToken)).ConfigureAwait(false);
            after = Phase.Over;
            Log.Committed(_client.Logger, Id);
            return result;
        }
        catch (TransactionException ended)
        {
            after = ended is TransactionInDoubtException { CanAskAgain: true } ? Phase.InDoubt : Phase.Over;
            if (after == Phase.InDoubt)
                Log.InDoubt(_client.Logger, Id, ended.Message);
            throw;
        }
        finally
        {
            MoveTo(after);
        }
    }

    /// <summary>Rolls back all branches.</summary>
    /// <param name="reason">For people, cut at 200 characters.</param>
    /// <param name="cancellationToken">Stops waiting; the coordinator goes on if it was told.</param>
    /// <exception cref="CoordinatorUnavailableException">Not confirmed within <see cref="CoordinatorClientOptions.CallTimeout"/>; unless its commit was asked for, it aborts at its deadline.</exception>
    /// <exception cref="CoordinatorException">It cannot be rolled back, for example because it is committed.</exception>
    /// <exception cref="InvalidOperationException">It is over, or being ended.</exception>
    public async Task RollbackAsync(string? reason = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var after = BeginEnding("It cannot be rolled back", evenWithOpenCalls: true);
        try
        {
            var call = new RollbackCall(_client, Id, reason ?? RollbackOnlyReason ?? "");
            await TraceAsync("rollback", () => call.RunAsync(_client.Options.CallTimeout, cancellationToken)).ConfigureAwait(false);
            after = Phase.Over;
        }
        finally
        {
            MoveTo(after);
        }
    }

    /// <summary>
    /// Rolls the transaction back unless commit was asked for, within <see cref="CoordinatorClientOptions.DisposeTimeout"/>.
    /// Never throws, lest it hide the exception that led here: what could not be told is aborted at the deadline.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            // In doubt, commit was asked for, and its outcome belongs to whoever asks again.
            if (_phase != Phase.Active)
                return;
            _phase = Phase.Ending;
        }

        await RollBackQuietlyAsync(RollbackOnlyReason ?? "disposed without commit", CancellationToken.None)
            .ConfigureAwait(false);
    }

    private async Task<TransactionAbortedException> AbortInsteadAsync(string why, CancellationToken cancellationToken)
    {
        await RollBackQuietlyAsync(why, cancellationToken).ConfigureAwait(false);
        // True even if the rollback did not arrive: without a commit, the deadline aborts it.
        return new TransactionAbortedException(
            Id, "ROLLED_BACK", $"Transaction {Id} could only roll back, so commit was not asked for: {why}");
    }

    private async Task RollBackQuietlyAsync(string reason, CancellationToken cancellationToken)
    {
        try
        {
            var call = new RollbackCall(_client, Id, reason);
            await TraceAsync("rollback", () => call.RunAsync(_client.Options.DisposeTimeout, cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Whatever it was: the caller has an exception of its own to see, and the deadline aborts the transaction.
            Log.RollbackNotConfirmed(_client.Logger, Id, failure);
        }
        finally
        {
            MoveTo(Phase.Over);
        }
    }

    private Phase BeginEnding(string what, bool evenWithOpenCalls = false)
    {
        lock (_lock)
        {
            if (_phase is Phase.Over or Phase.Ending)
                throw new InvalidOperationException($"{what}: transaction {Id} is {Describe(_phase)}.");
            if (_openCalls > 0 && !evenWithOpenCalls)
                throw new InvalidOperationException(
                    $"{what}: {_openCalls} calls in transaction {Id} have not ended. Await or dispose them first.");
            var before = _phase;
            _phase = Phase.Ending;
            return before;
        }
    }

    private void RequireActive(string what)
    {
        if (_phase != Phase.Active)
            throw new InvalidOperationException($"{what}: transaction {Id} is {Describe(_phase)}.");
    }

    private void MoveTo(Phase phase)
    {
        lock (_lock)
            _phase = phase;
    }

    private void Join(BranchName branch)
    {
        if (_branches.Add(branch))
            Log.BranchJoined(_client.Logger, Id, branch);
    }

    private static string Describe(Phase phase) => phase switch
    {
        Phase.Over => "over",
        Phase.Ending => "being ended",
        Phase.InDoubt => "in doubt: ask again with CommitAsync",
        _ => "active",
    };
}
