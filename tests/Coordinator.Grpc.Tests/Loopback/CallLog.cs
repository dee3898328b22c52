using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Coordinator.Grpc.Tests.Loopback;

/// <summary>A server interceptor that notes what a server sees of its calls.</summary>
internal sealed class CallLog : Interceptor
{
    internal ConcurrentQueue<string> Trace { get; } = [];

    /// <summary>Ends when the first call was cancelled, with the deadline that it had.</summary>
    internal TaskCompletionSource<DateTime> Cancelled { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal TaskCompletionSource<AuthContext> Caller { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Note("unary", context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Note("client", context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Note("server", context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Note("duplex", context);
        return continuation(requestStream, responseStream, context);
    }

    private void Note(string kind, ServerCallContext context)
    {
        Trace.Enqueue($"{kind} {context.Method}");
        Caller.TrySetResult(context.AuthContext);
        DateTime deadline = context.Deadline;
        context.CancellationToken.Register(() => Cancelled.TrySetResult(deadline));
    }
}
