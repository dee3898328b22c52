using System.Runtime.CompilerServices;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Client.Calls;

/// <summary>
/// Follows one transaction over any number of streams. A stream begins with the present state, so a new one needs no
/// memory of the old; what it repeats is left out.
/// </summary>
internal sealed class WatchCall(CoordinatorClient client, TransactionId id)
{
    private readonly WatchRequest _request = new() { TransactionId = id.Value };
    private AsyncServerStreamingCall<WatchResponse>? _stream;

    public async IAsyncEnumerable<TransactionDescription> RunAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            Transaction? last = null;
            while (await NextAsync(cancellationToken).ConfigureAwait(false) is { } transaction)
            {
                if (transaction.Equals(last))
                    continue;
                last = transaction;
                yield return TransactionDescription.From(transaction);
            }
        }
        finally
        {
            _stream?.Dispose();
        }
    }

    // Null at the end of the transaction. An open stream may rightly be silent for long: keep-alive pings tell a lost
    // connection from that, and only a stream that is being opened has a limit.
    private async Task<Transaction?> NextAsync(CancellationToken cancellationToken)
    {
        if (_stream is not null && await ReadAsync(cancellationToken).ConfigureAwait(false) is { } message)
            return message.Transaction;
        var opened = await client.Retries.RunAsync(
            token => OpenAsync(token, cancellationToken),
            static _ => true,
            client.Options.CallTimeout,
            cancellationToken).ConfigureAwait(false);
        return opened.FinalAnswer is { } first
            ? first.Transaction
            : throw client.NotAnswered(opened, id, $"The watch of transaction {id} was lost", cancellationToken);
    }

    /// <returns>Null if the stream was lost. A message without a transaction is the end.</returns>
    private async Task<WatchResponse?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(_stream!, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RpcException lost) when (!RpcFailure.IsRefusal(lost))
        {
            _stream!.Dispose();
            _stream = null;
            return null;
        }
    }

    private async Task<WatchResponse> OpenAsync(CancellationToken limit, CancellationToken cancellationToken)
    {
        var stream = client.Transactions.Watch(_request, cancellationToken: cancellationToken);
        try
        {
            var first = await ReadAsync(stream, limit).ConfigureAwait(false);
            _stream = stream;
            return first;
        }
        catch (Exception)
        {
            stream.Dispose();
            throw;
        }
    }

    private static async Task<WatchResponse> ReadAsync(
        AsyncServerStreamingCall<WatchResponse> stream, CancellationToken cancellationToken) =>
        await stream.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false)
            ? stream.ResponseStream.Current
            : new WatchResponse();
}
