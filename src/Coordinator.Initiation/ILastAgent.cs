namespace Coordinator.Initiation;

/// <summary>
/// Who decides for an initiator, once all its branches have voted: a coordinator at the other end of a stream, or in the
/// same process. (The last agent of LU 6.2's sync point.)
/// </summary>
public interface ILastAgent : IAsyncDisposable
{
    /// <summary>Gives a reserved id.</summary>
    /// <exception cref="Client.CoordinatorUnavailableException">None could be had.</exception>
    ValueTask<TransactionId> TakeIdAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Asks for the decision, again and again until it is there or the wait is over. Asking again for the same transaction
    /// gives the same answer.
    /// </summary>
    /// <returns>The decision, or <see cref="LastAgentAnswer.IsInDoubt"/> if the wait was over.</returns>
    Task<LastAgentAnswer> DecideAsync(TransactionId transaction, string name, IReadOnlyList<PreparedBranchVote> prepared, TimeSpan wait);

    /// <summary>The branches have been told of a commit, but for those that are not proven committed.</summary>
    void Acknowledge(TransactionId transaction, IReadOnlyCollection<BranchName> untold);

    /// <summary>No decision will be asked for this id.</summary>
    void Release(TransactionId transaction);
}

/// <summary>A branch that voted prepared, with the evidence that its vote gave.</summary>
public sealed record PreparedBranchVote(BranchName Branch, string? Evidence);

/// <summary>What a last agent says.</summary>
/// <param name="Outcome">Unspecified if there was no answer in time.</param>
/// <param name="ReasonCode">A name of the enum Reason without its prefix; empty with a commit.</param>
/// <param name="Reason">For people.</param>
public sealed record LastAgentAnswer(Contracts.V1.Outcome Outcome, string ReasonCode, string Reason)
{
    /// <summary>True if nobody answered in time: the decision may stand already, or yet be made.</summary>
    public bool IsInDoubt => Outcome is Contracts.V1.Outcome.Unspecified or Contracts.V1.Outcome.InDoubt;
}
