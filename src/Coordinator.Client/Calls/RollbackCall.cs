using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Client.Calls;

/// <summary>One rollback, from the client's side. Idempotent, and refused once commit has been decided.</summary>
internal sealed class RollbackCall(CoordinatorClient client, TransactionId id, string reason)
{
    private const int MaxReasonLength = 200;

    private readonly RollbackRequest _request = new()
    {
        TransactionId = id.Value,
        Reason = reason.Length <= MaxReasonLength ? reason : reason[..MaxReasonLength],
    };

    /// <summary>Returns once the coordinator has answered that the transaction is aborted.</summary>
    public async Task RunAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var result = await client.Retries.RunAsync(
            token => client.Transactions.RollbackAsync(_request, cancellationToken: token).ResponseAsync,
            static answer => Outcomes.IsFinal(answer.Outcome),
            limit,
            cancellationToken).ConfigureAwait(false);
        if (result.FinalAnswer is { } answer)
        {
            if (answer.Outcome != Outcome.Aborted)
                throw NotAborted(answer.Outcome, result.Failure);
            return;
        }

        if (result.Refusal is { } refusal)
        {
            await RefusedAsync(refusal, cancellationToken).ConfigureAwait(false);
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw client.Unavailable(
            result.Failure,
            $"The rollback of transaction {id} was not confirmed; unless its commit was asked for, it aborts at its "
            + "deadline at the latest");
    }

    private async Task RefusedAsync(RpcException refusal, CancellationToken cancellationToken)
    {
        if (refusal.StatusCode == StatusCode.Aborted)
            return;
        if (refusal.StatusCode != StatusCode.FailedPrecondition)
            throw client.Refused(refusal, $"The coordinator refused to roll transaction {id} back");
        // Fenced, or over: how it ended is another question.
        var result = await client.AskAsync(id, cancellationToken).ConfigureAwait(false);
        var outcome = result.FinalAnswer?.Transaction?.Outcome ?? Outcome.Unspecified;
        if (outcome != Outcome.Aborted)
            throw NotAborted(outcome, refusal);
    }

    private CoordinatorException NotAborted(Outcome outcome, RpcException? refusal) => outcome switch
    {
        Outcome.Committed => new CoordinatorException(
            "WRONG_STATE", $"Transaction {id} cannot be rolled back: it is committed.", refusal),
        _ => Outcomes.ToException(
            id, outcome, RpcFailure.ReasonOf(refusal), refusal?.Status.Detail ?? "", branches: []),
    };
}
