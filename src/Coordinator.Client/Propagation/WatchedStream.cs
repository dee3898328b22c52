using Grpc.Core;

namespace Coordinator.Client.Propagation;

/// <summary>A stream of answers whose end tells whether the call in the transaction was answered or lost.</summary>
internal sealed class WatchedStream<T>(IAsyncStreamReader<T> inner, RpcWatch watch) : IAsyncStreamReader<T>
{
    public T Current => inner.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try
        {
            if (await inner.MoveNext(cancellationToken).ConfigureAwait(false))
                return true;
            watch.Succeeded();
            return false;
        }
        catch (Exception failure)
        {
            watch.Failed(failure);
            throw;
        }
    }
}
