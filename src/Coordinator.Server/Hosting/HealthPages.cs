using Coordinator.Engine;
using Microsoft.AspNetCore.Http;

namespace Coordinator.Server;

/// <summary>The health port: is the process alive, does it take work, and its metrics.</summary>
internal sealed class HealthPages(TransactionCoordinator coordinator, PrometheusExport prometheus)
{
    public Task AnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            return WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Only GET.\n");
        return context.Request.Path.Value switch
        {
            "/health/live" => WriteAsync(context, StatusCodes.Status200OK, "live\n"),
            "/health/ready" => WriteReadyAsync(context),
            "/metrics" => WriteAsync(context, StatusCodes.Status200OK, prometheus.Write(), "text/plain; version=0.0.4; charset=utf-8"),
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

    private static Task WriteAsync(HttpContext context, int status, string text, string type = "text/plain; charset=utf-8")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text);
    }
}
