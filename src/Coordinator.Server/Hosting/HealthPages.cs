using Coordinator.Engine;
using Microsoft.AspNetCore.Http;

namespace Coordinator.Server;

/// <summary>The health port: is the process alive, and does it take work.</summary>
internal sealed class HealthPages(TransactionCoordinator coordinator)
{
    public Task AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            return WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Only GET.\n");
        return context.Request.Path.Value switch
        {
            "/health/live" => WriteAsync(context, StatusCodes.Status200OK, "live\n"),
            "/health/ready" => WriteReadyAsync(context),
            _ => WriteAsync(context, StatusCodes.Status404NotFound, "Here are /health/live, /health/ready and /metrics.\n"),
        };
    }

    private Task WriteReadyAsync(HttpContext context)
    {
        var (health, detail) = Health.Of(coordinator);
        return health == Health.Serving
            ? WriteAsync(context, StatusCodes.Status200OK, "SERVING\n")
            : WriteAsync(context, StatusCodes.Status503ServiceUnavailable, $"{health}: {detail}\n");
    }

    private static Task WriteAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text);
    }
}
