using System.Net;
using Coordinator.Client.Propagation;

namespace Coordinator.Client;

/// <summary>
/// Sends HTTP requests in the <see cref="GlobalTransaction.Current"/> transaction: the header
/// <c>coordinator-transaction</c> names it, and the branches that the answer names in <c>coordinator-branch</c> join it.
/// Without a current transaction it passes requests on as they are.
/// </summary>
/// <remarks>
/// In a transaction the whole answer is read before it is given to the caller. An answer that was lost, cut short,
/// larger than the limit, or a gateway's (502, 503, 504) makes the transaction rollback-only: the service may have
/// worked in it or not. Every other answer, also one that reports an error, is the application's to judge.
/// </remarks>
public sealed class GlobalTransactionHandler : DelegatingHandler
{
    /// <summary>For use in a chain whose next handler is set later.</summary>
    public GlobalTransactionHandler()
    {
    }

    /// <param name="innerHandler">What sends the requests.</param>
    public GlobalTransactionHandler(HttpMessageHandler innerHandler)
        : base(innerHandler)
    {
    }

    /// <summary>The largest answer to read in a transaction, in bytes; 16 MiB by default.</summary>
    public int MaxAnswerBytes { get; init; } = 16 * 1024 * 1024;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (GlobalTransaction.Current is not { } transaction)
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var call = Start(transaction, request);
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception lost)
        {
            call.Lost($"its answer was lost ({lost.Message})", response is null ? null : BranchesOf(response));
            response?.Dispose();
            throw;
        }

        End(call, response);
        return response;
    }

    /// <summary>Not supported in a transaction; asynchronous calls are.</summary>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        GlobalTransaction.Current is null
            ? base.Send(request, cancellationToken)
            : throw new NotSupportedException("In a global transaction, requests are sent with SendAsync.");

    private static PendingCall Start(GlobalTransaction transaction, HttpRequestMessage request)
    {
        if (request.Headers.Contains(PropagationHeaders.Transaction))
        {
            throw new InvalidOperationException(
                $"The request has a header {PropagationHeaders.Transaction} of its own; the handler sets it.");
        }

        var call = transaction.StartCall($"{request.Method} {request.RequestUri?.GetLeftPart(UriPartial.Path)}");
        request.Headers.Add(PropagationHeaders.Transaction, transaction.Id.Value);
        return call;
    }

    private static void End(PendingCall call, HttpResponseMessage response)
    {
        var branches = BranchesOf(response);
        var isGateways = response.StatusCode
            is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
        if (isGateways && branches.Count == 0)
            call.Lost($"a gateway answered {(int)response.StatusCode}, so the service's own answer was lost");
        else
            call.Answered(branches);
    }

    private static List<string> BranchesOf(HttpResponseMessage response) =>
        [.. ValuesOf(response.Headers), .. ValuesOf(response.TrailingHeaders)];

    private static IEnumerable<string> ValuesOf(System.Net.Http.Headers.HttpResponseHeaders headers) =>
        headers.TryGetValues(PropagationHeaders.Branch, out var values) ? values : [];
}
