using System.Diagnostics;
using Coordinator.Hosting;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server;

/// <summary>Around every call: turns exceptions into statuses (<see cref="CallErrors"/>), counts, and logs at Debug.</summary>
internal sealed class CallInterceptor(Shutdown shutdown, ServerMetrics metrics, ILogger<CallInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        TResponse? response = null;
        await RunAsync(context, request as IMessage, async () => response = await continuation(request, context));
        return response!;
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, request as IMessage, () => continuation(request, new LiveWriter<TResponse>(responseStream), context));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        RunAsync(context, request: null, () => continuation(requestStream, responseStream, context));

    private async Task RunAsync(ServerCallContext context, IMessage? request, Func<Task> call)
    {
        ErrorDetailsMiddleware.MarkReached(context);
        var started = Stopwatch.GetTimestamp();
        var status = StatusCode.OK;
        try
        {
            await call();
        }
        catch (Exception exception)
        {
            var failure = CallErrors.ToRpc(exception, context, shutdown, logger, request);
            status = failure.StatusCode;
            throw failure;
        }
        finally
        {
            var elapsed = Stopwatch.GetElapsedTime(started);
            metrics.Called(context.Method, status, elapsed);
            Log.Called(logger, context.Method, context.Peer, status, elapsed.TotalMilliseconds);
        }
    }
}
