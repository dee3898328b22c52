using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Client;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Cli;

/// <summary>One run of one command.</summary>
/// <param name="Arguments">What was asked for.</param>
/// <param name="Coordinator">Who is asked.</param>
/// <param name="Report">Where the answer goes.</param>
/// <param name="Terminal">Where a question can be asked.</param>
/// <param name="Timeout">How long to wait for an answer.</param>
/// <param name="Interrupted">Canceled by Ctrl-C.</param>
internal sealed record Run(
    ParseResult Arguments,
    CoordinatorClient Coordinator,
    Report Report,
    Terminal Terminal,
    TimeSpan Timeout,
    CancellationToken Interrupted)
{
    /// <summary>Asks the operators' service once; nothing here is repeated, a person decides that.</summary>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public async Task<T> AskAsync<T>(Func<OperatorService.OperatorServiceClient, CallOptions, AsyncUnaryCall<T>> call)
    {
        // The limit begins with the call, not while a question waits for its answer.
        using var expiry = new CancellationTokenSource(Timeout, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Interrupted, expiry.Token);
        try
        {
            var operators = new OperatorService.OperatorServiceClient(Coordinator.CallInvoker);
            return await call(operators, new CallOptions(cancellationToken: stop.Token));
        }
        catch (RpcException canceled) when (canceled.StatusCode == StatusCode.Cancelled && expiry.IsCancellationRequested)
        {
            throw new TimeoutException("No answer in time.", canceled);
        }
    }

    /// <summary>Asks for an answer that comes in parts; the limit is for each of them.</summary>
    /// <exception cref="TimeoutException">The next part did not come in time.</exception>
    public async IAsyncEnumerable<T> AskForAllAsync<T>(
        Func<OperatorService.OperatorServiceClient, CallOptions, AsyncServerStreamingCall<T>> call)
    {
        using var expiry = new CancellationTokenSource(Timeout, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Interrupted, expiry.Token);
        using var parts = call(new OperatorService.OperatorServiceClient(Coordinator.CallInvoker), new CallOptions(cancellationToken: stop.Token));
        while (await NextAsync())
        {
            yield return parts.ResponseStream.Current;
            expiry.CancelAfter(Timeout);
        }

        async Task<bool> NextAsync()
        {
            try
            {
                return await parts.ResponseStream.MoveNext(stop.Token);
            }
            catch (RpcException canceled) when (canceled.StatusCode == StatusCode.Cancelled && expiry.IsCancellationRequested)
            {
                throw new TimeoutException("No answer in time.", canceled);
            }
        }
    }
}
