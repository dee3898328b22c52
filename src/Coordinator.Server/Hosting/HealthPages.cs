using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;

namespace Coordinator.Server;

/// <summary>The health port: is the process alive, does it take work, and its metrics.</summary>
internal static class HealthPages
{
    public static void Map(IApplicationBuilder health)
    {
        health.Use(OnlyReadAsync);
        health.UseOpenTelemetryPrometheusScrapingEndpoint(Telemetry.IsScrape);
        // A process that answers is alive, whatever it can do at the moment.
        health.UseHealthChecks("/health/live", new HealthCheckOptions
        {
            Predicate = _ => false,
            ResponseWriter = (context, _) => WriteAsync(context, "live\n"),
        });
        health.UseHealthChecks("/health/ready", new HealthCheckOptions
        {
            ResponseWriter = (context, report) => WriteAsync(context, report.Entries.Values.Single().Description + "\n"),
        });
        health.Run(context => WriteAsync(
            context, StatusCodes.Status404NotFound, "Here are /health/live, /health/ready and /metrics.\n"));
    }

    private static Task OnlyReadAsync(HttpContext context, RequestDelegate next) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
            ? next(context)
            : WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Only GET.\n");

    private static Task WriteAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, text);
    }

    private static Task WriteAsync(HttpContext context, string text)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text);
    }
}
