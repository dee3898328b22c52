using Coordinator.Client;
using Coordinator.Client.Calls;
using Coordinator.Initiation.Committing;
using Coordinator.Participant;
using Coordinator.Participant.Session;
using Microsoft.Extensions.Logging;

namespace Coordinator.Initiation;

/// <summary>
/// One global transaction of an initiator. All its branches are in this process:
/// <code>
/// await using var transaction = await initiator.BeginAsync();
/// await using (var work = await transaction.EnlistAsync(stock, cancellationToken)) { … }
/// await transaction.CommitAsync();
/// </code>
/// Disposing it without commit rolls it back.
/// </summary>
public sealed class InitiatedTransaction : IAsyncDisposable
{
    private readonly Lock _sync = new();
    private readonly List<LocalBranch> _branches = [];
    private readonly VotedCommit _commit;
    private readonly TimeProvider _time;
    private readonly long _deadline;
    private Phase _phase = Phase.Active;
    private Task<CommitResult>? _running;

    internal InitiatedTransaction(
        TransactionId id, string name, TimeSpan timeout, ILastAgent agent, InitiatorOptions options, TimeProvider time, ILogger logger)
    {
        Id = id;
        _time = time;
        _deadline = time.GetTimestamp() + (long)(timeout.TotalSeconds * time.TimestampFrequency);
        _commit = new VotedCommit(id, name, agent, options, time, logger);
    }

    private enum Phase
    {
        Active,
        Ending,
        InDoubt,
        Over,
    }

    /// <summary>Its id: reserved for this process, so that no participant elsewhere can enlist in it.</summary>
    public TransactionId Id { get; }

    /// <summary>How long until the deadline; zero once it has passed.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = _time.GetElapsedTime(_time.GetTimestamp(), _deadline);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Waits for the turn to work in this transaction's branch on a participant of this process; the first work begins it.</summary>
    /// <exception cref="EnlistmentRefusedException">No such work is taken; the reason says why.</exception>
    /// <exception cref="ParticipantUnavailableException">The database does not answer.</exception>
    public Task<BranchWork> EnlistAsync(ICoordinatorParticipant participant, CancellationToken cancellationToken) =>
        EnlistAsync(participant, options: null, cancellationToken);

    /// <summary>As above; the options count if this is the transaction's first work there.</summary>
    public Task<BranchWork> EnlistAsync(
        ICoordinatorParticipant participant, BranchOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(participant);
        var session = participant.Session ?? throw new ParticipantUnavailableException(
            $"Participant {participant.Branch} has not reached its database yet.");
        return EnlistAsync(session, options, cancellationToken);
    }

    /// <summary>As above, for a participant that is hosted otherwise.</summary>
    public Task<BranchWork> EnlistAsync(
        ParticipantSession session, BranchOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.EnlistAsync(Id, options, new Enlistment(this, session), cancellationToken);
    }

    /// <summary>
    /// Commits over all branches. Asking again after <see cref="TransactionInDoubtException"/> gives the outcome once it is
    /// known. Cancelling stops the waiting, not the commit (R12).
    /// </summary>
    /// <exception cref="TransactionAbortedException">No branch commits, ever.</exception>
    /// <exception cref="TransactionInDoubtException">Whether it commits is not known yet, or cannot be told any more.</exception>
    /// <exception cref="InvalidOperationException">It is over, or being ended.</exception>
    public async Task<CommitResult> CommitAsync(CommitOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new CommitOptions();
        cancellationToken.ThrowIfCancellationRequested();
        options.Validate();
        var running = Start(options);
        try
        {
            return await running.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException canceled) when (cancellationToken.IsCancellationRequested)
        {
            throw Outcomes.InDoubt(Id, reasonCode: "", "the caller stopped waiting, and the commit goes on", canceled);
        }
    }

    /// <summary>Rolls back all branches.</summary>
    /// <exception cref="InvalidOperationException">It is over, or commit was asked for.</exception>
    public async Task RollbackAsync()
    {
        if (BeginEnding("It cannot be rolled back") == Phase.InDoubt)
        {
            MoveTo(Phase.InDoubt);
            throw new InvalidOperationException($"It cannot be rolled back: commit of transaction {Id} was asked for. Ask again with CommitAsync.");
        }

        await _commit.RollbackAsync(_branches);
        MoveTo(Phase.Over);
    }

    /// <summary>Rolls it back unless commit was asked for. Never throws: what could not be told is aborted by the next scan.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_sync)
        {
            if (_phase != Phase.Active)
                return;
            _phase = Phase.Ending;
        }

        await _commit.RollbackAsync(_branches);
        MoveTo(Phase.Over);
    }

    // One commit runs at a time, and whoever asks meanwhile, or afterwards, gets its end.
    private Task<CommitResult> Start(CommitOptions options)
    {
        lock (_sync)
        {
            if (_running is { } running && _phase != Phase.InDoubt)
                return running;
            var before = BeginEnding("It cannot be committed");
            return _running = RunAsync(() => before == Phase.InDoubt ? _commit.AskAgainAsync(options) : _commit.RunAsync(_branches, Remaining, options));
        }
    }

    private async Task<CommitResult> RunAsync(Func<Task<CommitResult>> commit)
    {
        using var span = InitiationTracing.StartCommit(Id);
        var after = Phase.Over;
        try
        {
            return await commit();
        }
        catch (TransactionInDoubtException doubt) when (doubt.CanAskAgain)
        {
            span.Fail(doubt);
            after = Phase.InDoubt;
            throw;
        }
        catch (Exception failure)
        {
            span.Fail(failure);
            throw;
        }
        finally
        {
            MoveTo(after);
        }
    }

    private TimeSpan Enlist(LocalBranch branch)
    {
        lock (_sync)
        {
            if (_phase != Phase.Active)
                throw new EnlistmentRefusedException("WRONG_STATE", $"Transaction {Id} is being ended, or over.");
            _branches.Add(branch);
            return Remaining;
        }
    }

    private Phase BeginEnding(string what)
    {
        lock (_sync)
        {
            if (_phase is Phase.Over or Phase.Ending)
                throw new InvalidOperationException($"{what}: transaction {Id} is {(_phase == Phase.Over ? "over" : "being ended")}.");
            var before = _phase;
            _phase = Phase.Ending;
            return before;
        }
    }

    private void MoveTo(Phase phase)
    {
        lock (_sync)
            _phase = phase;
    }

    // The transaction itself stands for the coordinator: what enlists here is what votes (R14).
    private sealed class Enlistment(InitiatedTransaction transaction, IParticipant participant) : IEnlistment
    {
        public Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken)
        {
            try
            {
                return Task.FromResult(transaction.Enlist(new LocalBranch(branch, participant)));
            }
            catch (EnlistmentRefusedException refused)
            {
                return Task.FromException<TimeSpan>(refused);
            }
        }
    }
}
