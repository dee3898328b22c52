using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.ScriptedServices;

/// <summary>The coordinator's service for applications, by script.</summary>
public sealed class ScriptedCoordinator : TransactionService.TransactionServiceBase
{
    public const string Id = "k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef";

    public Script<BeginRequest, BeginResponse> Begun { get; } = new();

    public Script<CommitRequest, CommitResponse> Committed { get; } = new();

    public Script<RollbackRequest, RollbackResponse> RolledBack { get; } = new();

    public Script<GetRequest, GetResponse> Got { get; } = new();

    /// <summary>The messages of one stream; a null ends it with Unavailable.</summary>
    public Script<WatchRequest, IReadOnlyList<Transaction?>> Watched { get; } = new();

    public override Task<BeginResponse> Begin(BeginRequest request, ServerCallContext context) =>
        Begun.PlayAsync(request, context);

    public override Task<CommitResponse> Commit(CommitRequest request, ServerCallContext context) =>
        Committed.PlayAsync(request, context);

    public override Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context) =>
        RolledBack.PlayAsync(request, context);

    public override Task<GetResponse> Get(GetRequest request, ServerCallContext context) =>
        Got.PlayAsync(request, context);

    public override async Task Watch(
        WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        foreach (var transaction in await Watched.PlayAsync(request, context))
        {
            if (transaction is null)
                throw new RpcException(new Status(StatusCode.Unavailable, "scripted"));
            await responseStream.WriteAsync(new WatchResponse { Transaction = transaction });
        }
    }
}
