using Microsoft.Extensions.Logging;

namespace Coordinator.Server;

/// <summary>Log entries on the console, as text or as JSON.</summary>
internal static class ConsoleLogging
{
    public static void Add(ILoggingBuilder logging, ServerOptions options)
    {
        logging.SetMinimumLevel(options.ConsoleLevel);
        logging.Configure(tracking => tracking.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        // ASP.NET Core tells each request at Information; the server's own Debug entry says more.
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // It would repeat once a second what the engine writes when it changes.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        logging.AddFilter("Grpc", LogLevel.Warning);
        // With a stack trace for each message that is no protobuf, which the caller is told.
        logging.AddFilter("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.None);
        if (options.ConsoleFormat == ConsoleFormat.Json)
        {
            logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
            });
            return;
        }

        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
    }
}
