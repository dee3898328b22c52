using Grpc.Core;
using Polly;
using Polly.Retry;

namespace Coordinator.Client.Calls;

/// <summary>
/// Repeats idempotent calls while their answers are lost, with capped and jittered backoff, until a limit. It judges
/// nothing: what the attempts prove is in the result.
/// </summary>
internal sealed class Retries
{
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _pipeline;

    public Retries(CoordinatorClientOptions options)
    {
        _time = options.TimeProvider;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                // The time limit ends the attempts, not their number.
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.MaxRetryDelay,
                ShouldHandle = static attempt => ValueTask.FromResult(attempt.Outcome.Result is CallResult { AskAgain: true }),
            })
            .Build();
    }

    /// <summary>Calls until an answer is final, the service refuses, the limit is reached, or the caller cancels.</summary>
    public async Task<CallResult<T>> RunAsync<T>(
        Func<CancellationToken, Task<T>> call, Func<T, bool> isFinal, TimeSpan limit, CancellationToken cancellationToken)
        where T : class
    {
        using var expiry = new CancellationTokenSource(limit, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
        var last = new CallResult<T>(answer: null, isFinal: false, failure: null, mayHaveArrived: false);
        try
        {
            return await _pipeline.ExecuteAsync(
                async token => last = await AttemptAsync(call, isFinal, last, token).ConfigureAwait(false),
                stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The time ended between two attempts: what is known is what the last one brought.
            return last;
        }
    }

    private static async Task<CallResult<T>> AttemptAsync<T>(
        Func<CancellationToken, Task<T>> call, Func<T, bool> isFinal, CallResult<T> before, CancellationToken stop)
        where T : class
    {
        try
        {
            var answer = await call(stop).ConfigureAwait(false);
            return new CallResult<T>(answer, isFinal(answer), failure: null, mayHaveArrived: true);
        }
        catch (RpcException ended) when (stop.IsCancellationRequested && ended.StatusCode == StatusCode.Cancelled)
        {
            // The failure before this attempt tells more than that the time is up.
            return new CallResult<T>(before.Answer, isFinal: false, before.Failure, mayHaveArrived: true);
        }
        catch (RpcException failure)
        {
            var arrived = !RpcFailure.IsRefusal(failure) && !RpcFailure.WasNeverSent(failure);
            return new CallResult<T>(before.Answer, isFinal: false, failure, before.MayHaveArrived || arrived);
        }
    }
}
