using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Outcome = Coordinator.Contracts.V1.Outcome;
using TransactionState = Coordinator.Contracts.V1.TransactionState;

namespace Coordinator.Server;

/// <summary>TransactionService over the engine. A caller that goes away stops the waiting only (R12).</summary>
internal sealed class TransactionEndpoint(TransactionCoordinator coordinator, ServerOptions options, Shutdown shutdown)
    : TransactionService.TransactionServiceBase
{
    private int _watches;

    public override async Task<BeginResponse> Begin(BeginRequest request, ServerCallContext context)
    {
        var begun = await coordinator.BeginAsync(
            Fields.Duration(request.Timeout, "timeout"),
            request.Name,
            request.IdempotencyKey.Length > 0 ? request.IdempotencyKey : null,
            request.Attempt);
        return new BeginResponse
        {
            TransactionId = begun.Transaction.Id.Value,
            Remaining = Duration.FromTimeSpan(begun.Remaining),
            State = (TransactionState)begun.Transaction.State,
            Outcome = (Outcome)begun.Transaction.Outcome,
            Existing = begun.IsExisting,
        };
    }

    public override async Task<CommitResponse> Commit(CommitRequest request, ServerCallContext context)
    {
        var id = Fields.TransactionId(request.TransactionId);
        var named = Fields.Branches(request.Branches, options.MaxNamedBranches);
        using var waiting = Waiting(context);
        var view = await coordinator.CommitAsync(
            id, named, untilDelivered: request.Return != CommitReturn.Decided, waiting.Token);
        var response = new CommitResponse
        {
            Outcome = (Outcome)view.Outcome,
            Reason = view.Reason ?? "",
            ReasonCode = view.ReasonCode ?? "",
            DeliveryPending = view.IsDeliveryPending,
        };
        response.Branches.AddRange(view.Branches.Select(Views.ToMessage));
        return response;
    }

    public override async Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context)
    {
        var id = Fields.TransactionId(request.TransactionId);
        using var waiting = Waiting(context);
        var view = await coordinator.RollbackAsync(id, request.Reason, waiting.Token);
        return new RollbackResponse { Outcome = (Outcome)view.Outcome };
    }

    public override async Task<GetResponse> Get(GetRequest request, ServerCallContext context) =>
        new() { Transaction = (await coordinator.GetAsync(Fields.TransactionId(request.TransactionId))).ToMessage() };

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        var id = Fields.TransactionId(request.TransactionId);
        try
        {
            if (Interlocked.Increment(ref _watches) > options.MaxWatches)
            {
                throw RpcErrors.Create(
                    StatusCode.ResourceExhausted, Reason.Overloaded,
                    $"{options.MaxWatches} transactions are being watched, the limit MaxWatches; use Get.", ("limit", "MaxWatches"));
            }

            using var waiting = Waiting(context);
            await foreach (var view in coordinator.WatchAsync(id, waiting.Token))
                await responseStream.WriteAsync(new WatchResponse { Transaction = view.ToMessage() });
        }
        finally
        {
            Interlocked.Decrement(ref _watches);
        }
    }

    private CancellationTokenSource Waiting(ServerCallContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, shutdown.Token);
}
