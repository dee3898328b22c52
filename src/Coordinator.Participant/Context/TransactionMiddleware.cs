using Microsoft.AspNetCore.Http;

namespace Coordinator.Participant.Context;

/// <summary>
/// Takes the transaction from an HTTP request's header and names the branches in the response: in a header as far as
/// they are known when the response starts, and the rest in a trailer where the protocol has one.
/// </summary>
internal sealed class TransactionMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var header = context.Request.Headers[PropagationHeaders.Transaction];
        if (header.Count == 0 || IsGrpc(context))
        {
            await next(context);
            return;
        }

        if (header.Count != 1 || !TransactionId.TryParse(header[0], out var id))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync($"The header {PropagationHeaders.Transaction} is not a transaction id.\n");
            return;
        }

        var transaction = TransactionContext.Begin(id);
        var inHeader = new List<BranchName>();
        context.Response.OnStarting(() =>
        {
            inHeader.AddRange(transaction.Branches);
            if (inHeader.Count > 0)
                context.Response.Headers.Append(PropagationHeaders.Branch, PropagationHeaders.FormatBranches(inHeader));
            return Task.CompletedTask;
        });
        await next(context);
        var late = transaction.Branches.Except(inHeader).ToList();
        if (context.Response.HasStarted && late.Count > 0 && context.Response.SupportsTrailers())
            context.Response.AppendTrailer(PropagationHeaders.Branch, PropagationHeaders.FormatBranches(late));
    }

    // The interceptor serves these: their errors are statuses, and their branches always go into the trailers.
    private static bool IsGrpc(HttpContext context) =>
        context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;
}
