using Microsoft.Extensions.Logging;

namespace Coordinator.Initiation;

/// <summary>Everything that an initiator logs. Event ids never change their meaning.</summary>
internal static partial class Log
{
    [LoggerMessage(401, LogLevel.Warning, "Branch {Branch} could not be told of its commit here, so the coordinator tells it: {Reason}")]
    public static partial void NotTold(ILogger logger, BranchId branch, string reason);

    [LoggerMessage(402, LogLevel.Warning, "Branch {Branch} could not be rolled back here; the next scan does it: {Reason}")]
    public static partial void NotRolledBack(ILogger logger, BranchId branch, string reason);

    [LoggerMessage(403, LogLevel.Information, "Initiator {Initiator} is connected to cluster {Cluster}, epoch {Epoch}.")]
    public static partial void Connected(ILogger logger, string initiator, string cluster, string epoch);

    [LoggerMessage(404, LogLevel.Warning, "Initiator {Initiator}: the stream to the coordinator ended ({Reason}); connecting again in {Delay}.")]
    public static partial void Disconnected(ILogger logger, string initiator, string reason, TimeSpan delay);

    [LoggerMessage(405, LogLevel.Warning, "Transaction {Transaction}: the coordinator does not decide now ({Reason}); asking again.")]
    public static partial void NotDecided(ILogger logger, TransactionId transaction, string reason);
}
