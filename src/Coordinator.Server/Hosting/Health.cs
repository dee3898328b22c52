using Coordinator.Engine;

namespace Coordinator.Server;

/// <summary>Whether the coordinator takes work, in the words of operators.proto.</summary>
internal static class Health
{
    public const string Serving = "SERVING";

    public static (string Health, string Detail) Of(TransactionCoordinator coordinator)
    {
        if (coordinator.IsDraining)
            return ("DRAINING", "Shutting down: Begin is refused, and what has begun to commit is being finished.");
        return coordinator.LogFailure is { } failure ? ("LOG_UNAVAILABLE", failure) : (Serving, "");
    }
}

/// <summary>When this process started to serve, by its clock.</summary>
internal sealed record ServerClock(DateTimeOffset StartedAt);
