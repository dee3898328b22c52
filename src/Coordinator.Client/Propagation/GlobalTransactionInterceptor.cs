using Coordinator.Client.Propagation;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Coordinator.Client;

/// <summary>
/// Makes gRPC calls in the <see cref="GlobalTransaction.Current"/> transaction: the metadata
/// <c>coordinator-transaction</c> names it, and the branches that the answer's headers or trailers name in
/// <c>coordinator-branch</c> join it. Without a current transaction it passes calls on as they are.
/// </summary>
/// <remarks>
/// A call that ends with a status of the transport's (Unavailable, Internal, DeadlineExceeded, Cancelled, Unknown, or
/// ResourceExhausted) and names no branch, and a stream that is not read to its end, make the transaction
/// rollback-only: the service may have worked in it or not. Every other status is the application's to judge.
/// </remarks>
public sealed class GlobalTransactionInterceptor : Interceptor
{
    /// <inheritdoc/>
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        return GlobalTransaction.Current is null
            ? continuation(request, context)
            : throw new NotSupportedException(
                "A blocking gRPC call does not show the headers of its answer; in a global transaction use the asynchronous one.");
    }

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (GlobalTransaction.Current is not { } transaction)
            return continuation(request, context);
        var watch = RpcWatch.Start(transaction, context.Method.FullName);
        var call = watch.Guard(() => continuation(request, In(transaction, context)));
        watch.Of(call.ResponseHeadersAsync, call.GetTrailers);
        return new AsyncUnaryCall<TResponse>(
            watch.ResponseAsync(call.ResponseAsync), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    /// <inheritdoc/>
    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (GlobalTransaction.Current is not { } transaction)
            return continuation(context);
        var watch = RpcWatch.Start(transaction, context.Method.FullName);
        var call = watch.Guard(() => continuation(In(transaction, context)));
        watch.Of(call.ResponseHeadersAsync, call.GetTrailers);
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            call.RequestStream,
            watch.ResponseAsync(call.ResponseAsync),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose);
    }

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (GlobalTransaction.Current is not { } transaction)
            return continuation(request, context);
        var watch = RpcWatch.Start(transaction, context.Method.FullName);
        var call = watch.Guard(() => continuation(request, In(transaction, context)));
        watch.Of(call.ResponseHeadersAsync, call.GetTrailers);
        return new AsyncServerStreamingCall<TResponse>(
            new WatchedStream<TResponse>(call.ResponseStream, watch),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            () => watch.Dispose(call.Dispose));
    }

    /// <inheritdoc/>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        if (GlobalTransaction.Current is not { } transaction)
            return continuation(context);
        var watch = RpcWatch.Start(transaction, context.Method.FullName);
        var call = watch.Guard(() => continuation(In(transaction, context)));
        watch.Of(call.ResponseHeadersAsync, call.GetTrailers);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            call.RequestStream,
            new WatchedStream<TResponse>(call.ResponseStream, watch),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            () => watch.Dispose(call.Dispose));
    }

    // The caller's metadata is the caller's: it may be used for another call, outside the transaction.
    private static ClientInterceptorContext<TRequest, TResponse> In<TRequest, TResponse>(
        GlobalTransaction transaction, ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class
        where TResponse : class
    {
        var headers = new Metadata();
        foreach (var entry in context.Options.Headers ?? [])
            headers.Add(entry);
        if (headers.Get(PropagationHeaders.Transaction) is not null)
        {
            throw new InvalidOperationException(
                $"The call has metadata {PropagationHeaders.Transaction} of its own; the interceptor sets it.");
        }

        headers.Add(PropagationHeaders.Transaction, transaction.Id.Value);
        return new ClientInterceptorContext<TRequest, TResponse>(
            context.Method, context.Host, context.Options.WithHeaders(headers));
    }
}
