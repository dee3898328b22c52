using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Client.Calls;

/// <summary>
/// One commit, from the client's side:
/// 1. send Commit, which is idempotent, until it answers with a final outcome, is refused, or the wait is over;
/// 2. if it was refused, ask how the transaction stands: an attempt whose answer was lost may have committed it;
/// 3. say what is proven, and nothing more. Only if no attempt can have arrived is it surely not committed.
/// </summary>
/// <param name="client">Who calls.</param>
/// <param name="id">What to commit.</param>
/// <param name="request">What to send.</param>
/// <param name="options">How long to try.</param>
/// <param name="askedBefore">True if an earlier commit of the same transaction may have arrived.</param>
internal sealed class CommitCall(
    CoordinatorClient client, TransactionId id, CommitRequest request, CommitOptions options, bool askedBefore)
{
    /// <exception cref="CoordinatorException">Every end but a commit; see <see cref="GlobalTransaction.CommitAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">Canceled before anything was sent.</exception>
    public async Task<CommitResult> RunAsync(CancellationToken cancellationToken)
    {
        var result = await client.Retries.RunAsync(
            token => client.Transactions.CommitAsync(request, cancellationToken: token).ResponseAsync,
            answer => Outcomes.IsFinal(answer.Outcome),
            options.Wait,
            cancellationToken).ConfigureAwait(false);
        var mayHaveArrived = askedBefore || result.MayHaveArrived;
        if (result.FinalAnswer is { } answer)
            return Settle(answer);
        if (result.Refusal is { } refusal)
            return await RefusedAsync(refusal, mayHaveArrived, cancellationToken).ConfigureAwait(false);
        if (mayHaveArrived)
            throw InDoubt(result, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        throw client.Unavailable(
            result.Failure, $"The commit of transaction {id} was never sent: it is not committed, and may be asked for again");
    }

    private CommitResult Settle(CommitResponse answer)
    {
        var branches = BranchDescription.From(answer.Branches);
        return answer.Outcome == Outcome.Committed
            ? new CommitResult(answer.DeliveryPending, branches)
            : throw Outcomes.ToException(id, answer.Outcome, answer.ReasonCode, answer.Reason, branches);
    }

    // Step 2. The coordinator refuses what is over, fenced or not its own; how it ended is another question.
    private async Task<CommitResult> RefusedAsync(
        RpcException refusal, bool mayHaveArrived, CancellationToken cancellationToken)
    {
        var reason = RpcFailure.ReasonOf(refusal);
        switch (refusal.StatusCode)
        {
            case StatusCode.Aborted:
                throw Outcomes.ToException(id, Outcome.Aborted, reason, refusal.Status.Detail, branches: []);
            case StatusCode.NotFound:
                throw Outcomes.Unknown(
                    id, reason, $"{client.Address} is not the coordinator that began it ({refusal.Status.Detail})", refusal);
            case StatusCode.FailedPrecondition:
                return await AskAsync(refusal, cancellationToken).ConfigureAwait(false);
        }

        if (mayHaveArrived)
            throw Outcomes.InDoubt(id, reason, $"an answer was lost, and then {RpcFailure.Describe(refusal)}", refusal);
        throw client.Refused(refusal, $"The coordinator refused to commit transaction {id}");
    }

    private async Task<CommitResult> AskAsync(RpcException refusal, CancellationToken cancellationToken)
    {
        var result = await client.AskAsync(id, cancellationToken).ConfigureAwait(false);
        var reasonCode = RpcFailure.ReasonOf(refusal);
        if (result.FinalAnswer?.Transaction is not { } transaction || !Outcomes.IsFinal(transaction.Outcome))
            throw Outcomes.InDoubt(id, reasonCode, RpcFailure.Describe(refusal), refusal);
        var branches = BranchDescription.From(transaction.Branches);
        if (transaction.Outcome != Outcome.Committed)
            throw Outcomes.ToException(id, transaction.Outcome, reasonCode, transaction.Reason, branches);
        return new CommitResult(transaction.State != TransactionState.Committed, branches);
    }

    // Step 3.
    private TransactionInDoubtException InDoubt(CallResult<CommitResponse> result, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Outcomes.InDoubt(
                id,
                reasonCode: "",
                "the caller stopped waiting, and the commit goes on",
                new OperationCanceledException(cancellationToken));
        }

        return result is { Failure: null, Answer: { } answer }
            ? Outcomes.InDoubt(id, answer.ReasonCode, answer.Reason.Length > 0 ? answer.Reason : "the coordinator does not know yet")
            : Outcomes.InDoubt(id, RpcFailure.ReasonOf(result.Failure), RpcFailure.Describe(result.Failure), result.Failure);
    }
}
