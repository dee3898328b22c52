using Grpc.Core;

namespace Coordinator.Client.Propagation;

/// <summary>Sees how one gRPC call in a transaction ends, whichever of its parts tells first.</summary>
internal sealed class RpcWatch
{
    private readonly PendingCall _call;
    private Task<Metadata> _headers = Task.FromResult(Metadata.Empty);
    private Func<Metadata> _trailers = static () => Metadata.Empty;

    private RpcWatch(PendingCall call) => _call = call;

    public static RpcWatch Start(GlobalTransaction transaction, string method) => new(transaction.StartCall(method));

    /// <summary>Starts the call; one that cannot be started was never sent.</summary>
    public T Guard<T>(Func<T> start)
    {
        try
        {
            return start();
        }
        catch (Exception)
        {
            _call.Refused();
            throw;
        }
    }

    public void Of(Task<Metadata> headers, Func<Metadata> trailers)
    {
        _headers = headers;
        _trailers = trailers;
    }

    public async Task<TResponse> ResponseAsync<TResponse>(Task<TResponse> response)
    {
        try
        {
            var answer = await response.ConfigureAwait(false);
            Succeeded();
            return answer;
        }
        catch (Exception failure)
        {
            Failed(failure);
            throw;
        }
    }

    public void Succeeded() => _call.Answered(Branches());

    public void Failed(Exception failure)
    {
        // Trailers of a failure are in the exception: a call that never began has no others to ask for.
        var branches = failure is RpcException rpc ? HeaderBranches().Concat(Values(rpc.Trailers)).ToList() : [];
        if (failure is RpcException { StatusCode: var status } && (branches.Count > 0 || !IsTransports(status)))
            _call.Answered(branches);
        else
            _call.Lost($"its answer was lost ({failure.Message})");
    }

    /// <summary>A stream whose end was not seen may still be at work.</summary>
    public void Dispose(Action dispose)
    {
        _call.Lost("it was disposed before its end");
        dispose();
    }

    private static bool IsTransports(StatusCode status) => status
        is StatusCode.Unavailable or StatusCode.Internal or StatusCode.DeadlineExceeded or StatusCode.Cancelled
        or StatusCode.Unknown or StatusCode.ResourceExhausted;

    private IEnumerable<string> Branches() => HeaderBranches().Concat(Values(_trailers()));

    private IEnumerable<string> HeaderBranches() => _headers.IsCompletedSuccessfully ? Values(_headers.Result) : [];

    private static IEnumerable<string> Values(Metadata metadata) =>
        metadata.GetAll(PropagationHeaders.Branch).Select(entry => entry.Value);
}
