using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Coordinator.Participant.Context;

/// <summary>
/// Takes the transaction from a gRPC call's metadata and names the branches in its trailers, whether the call succeeds
/// or not. Add it with <c>AddGrpc(options => options.Interceptors.Add&lt;TransactionInterceptor&gt;())</c>.
/// </summary>
public sealed class TransactionInterceptor : Interceptor
{
    /// <inheritdoc/>
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        using var scope = Begin(context);
        return await continuation(request, context);
    }

    /// <inheritdoc/>
    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var scope = Begin(context);
        return await continuation(requestStream, context);
    }

    /// <inheritdoc/>
    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var scope = Begin(context);
        await continuation(request, responseStream, context);
    }

    /// <inheritdoc/>
    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using var scope = Begin(context);
        await continuation(requestStream, responseStream, context);
    }

    private static Scope Begin(ServerCallContext context)
    {
        var entries = context.RequestHeaders.GetAll(PropagationHeaders.Transaction).ToList();
        if (entries.Count == 0)
            return new Scope(context, null);
        return entries.Count == 1 && TransactionId.TryParse(entries[0].Value, out var id)
            ? new Scope(context, TransactionContext.Begin(id))
            : throw RpcErrors.Create(
                StatusCode.InvalidArgument, Reason.Malformed, $"The metadata entry {PropagationHeaders.Transaction} is not a transaction id.");
    }

    private sealed class Scope(ServerCallContext call, TransactionContext? transaction) : IDisposable
    {
        public void Dispose()
        {
            foreach (var branch in transaction?.Branches ?? [])
                call.ResponseTrailers.Add(PropagationHeaders.Branch, branch.ToString());
        }
    }
}
