using System.Collections.Concurrent;
using Grpc.Core;

namespace Coordinator.ScriptedServices;

/// <summary>
/// What one method of a service does, call by call: each call takes the next step, and the last step is repeated. All
/// requests are kept.
/// </summary>
public sealed class Script<TRequest, TResponse>
    where TRequest : class
{
    private readonly ConcurrentQueue<Func<TRequest, ServerCallContext, Task<TResponse>>> _steps = new();
    private readonly ConcurrentQueue<(TRequest Request, Metadata Headers)> _calls = new();
    private Func<TRequest, ServerCallContext, Task<TResponse>>? _last;

    public IReadOnlyList<TRequest> Requests => [.. _calls.Select(call => call.Request)];

    public IReadOnlyList<Metadata> Headers => [.. _calls.Select(call => call.Headers)];

    public Script<TRequest, TResponse> Then(Func<TRequest, ServerCallContext, Task<TResponse>> step)
    {
        _steps.Enqueue(step);
        return this;
    }

    public Script<TRequest, TResponse> Answers(TResponse response) => Then((_, _) => Task.FromResult(response));

    public Script<TRequest, TResponse> Fails(RpcException failure) => Then((_, _) => throw failure);

    public Script<TRequest, TResponse> Fails(StatusCode status) => Fails(new RpcException(new Status(status, "scripted")));

    /// <summary>The service does its work, and the answer is lost in this way.</summary>
    public Script<TRequest, TResponse> LosesAnswer(Loss loss) => Then(async (_, context) =>
    {
        await loss.HappenAsync(context);
        throw new InvalidOperationException("The answer is lost");
    });

    /// <summary>Does not answer until the client gives up.</summary>
    public Script<TRequest, TResponse> Hangs() => Then(async (_, context) =>
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
        throw new InvalidOperationException("An infinite delay ended");
    });

    public Task<TResponse> PlayAsync(TRequest request, ServerCallContext context)
    {
        _calls.Enqueue((request, context.RequestHeaders));
        if (_steps.TryDequeue(out var step))
            _last = step;
        return (_last ?? throw new RpcException(new Status(StatusCode.Unimplemented, "not scripted")))(request, context);
    }
}
