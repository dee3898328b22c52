using Coordinator.Contracts.V1;
using AnswerCase = Coordinator.Contracts.V1.Answer.AnswerOneofCase;

namespace Coordinator.Server;

/// <summary>
/// An instance at the other end of an attach stream, as the engine sees it. Each command waits for the answer with its
/// id; the stream's end, or a queue that the participant does not read, is <see cref="ParticipantUnavailableException"/>.
/// </summary>
internal sealed class AttachedParticipant : IParticipant
{
    private readonly Registration _registration;
    private readonly string _epoch;
    private readonly Func<CoordinatorMessage, bool> _trySend;

    /// <param name="registration">Who it is.</param>
    /// <param name="epoch">The coordinator's epoch, which every command carries (R9).</param>
    /// <param name="trySend">Queues a message; false once the stream has ended.</param>
    public AttachedParticipant(Registration registration, Epoch epoch, Func<CoordinatorMessage, bool> trySend)
    {
        _registration = registration;
        _epoch = epoch.ToString();
        _trySend = trySend;
    }

    public string Name => _registration.Name;

    public string Instance => _registration.Instance;

    public ResourceAttachment Resource => _registration.Resource;

    /// <summary>Where its SQL service listens; empty for none.</summary>
    public string SqlAddress => _registration.SqlAddress;

    public PendingCommands Pending { get; } = new();

    public Task<Vote> PrepareAsync(BranchId branch, CancellationToken cancellationToken) => SendAsync(
        new Command { Prepare = new Prepare { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString() } },
        AnswerCase.Vote, Answers.ToVote, cancellationToken);

    public Task<Coordinator.BranchReport> CommitOnePhaseAsync(BranchId branch, CancellationToken cancellationToken) => SendAsync(
        new Command { CommitOnePhase = new CommitOnePhase { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString() } },
        AnswerCase.Report, Answers.ToReport, cancellationToken);

    public Task<Coordinator.BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) => SendAsync(
        new Command
        {
            Commit = new CommitBranch { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString(), Evidence = evidence ?? "" },
        },
        AnswerCase.Report, Answers.ToReport, cancellationToken);

    public Task<Coordinator.BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) => SendAsync(
        new Command
        {
            Rollback = new RollbackBranch { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString(), Evidence = evidence ?? "" },
        },
        AnswerCase.Report, Answers.ToReport, cancellationToken);

    public Task<Coordinator.BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) => SendAsync(
        new Command
        {
            FindOutcome = new FindOutcome { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString(), Evidence = evidence ?? "" },
        },
        AnswerCase.Report, Answers.ToReport, cancellationToken);

    public Task<Coordinator.PreparedScan> ListPreparedAsync(CancellationToken cancellationToken) => SendAsync(
        new Command { ListPrepared = new ListPrepared() }, AnswerCase.Scan, Answers.ToScan, cancellationToken);

    public Task RememberAsync(Coordinator.CoordinatorMark mark, CancellationToken cancellationToken) => SendAsync(
        new Command
        {
            Remember = new Contracts.V1.CoordinatorMark
            {
                Cluster = mark.Cluster.Value,
                Epoch = mark.Epoch.ToString(),
                Position = mark.Position,
            },
        },
        AnswerCase.Done, answer => answer.Done, cancellationToken);

    private async Task<T> SendAsync<T>(Command command, AnswerCase expected, Func<Answer, T> read, CancellationToken cancellationToken)
    {
        var (id, answer) = Pending.Add(expected, read);
        command.CommandId = id;
        command.Epoch = _epoch;
        (command.Traceparent, command.Tracestate) = TraceContext.Current(ServerTracing.Source);
        try
        {
            if (!_trySend(new CoordinatorMessage { Command = command }))
                throw new ParticipantUnavailableException("The participant's stream has ended.");
            return await answer.OnCallersScheduler().WaitAsync(cancellationToken);
        }
        finally
        {
            // After a timeout a late answer finds nobody; the engine sends the command again under a new id.
            Pending.Remove(id);
        }
    }
}
