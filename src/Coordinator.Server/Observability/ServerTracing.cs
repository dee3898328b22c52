using System.Diagnostics;
using Coordinator.Contracts.V1;

namespace Coordinator.Server;

/// <summary>The server's own spans; those of calls are ASP.NET Core's, and the protocol's are the engine's.</summary>
public static class ServerTracing
{
    /// <summary>What an application that hosts the server gives to <c>AddSource</c>.</summary>
    public const string SourceName = "Coordinator.Server";

    internal static readonly ActivitySource Source = new(SourceName);

    /// <summary>An initiator's votes, in the trace of its commit: they come on a stream that was opened long before.</summary>
    internal static Activity? StartDecide(TransactionId transaction, Decide decide)
    {
        if (!Source.HasListeners() || !TraceContext.TryRead(decide.Traceparent, decide.Tracestate, out var context))
            return null;
        var span = Source.StartActivity("take votes", ActivityKind.Server, context);
        span?.SetTag(SpanTags.Transaction, transaction.Value);
        return span;
    }
}
