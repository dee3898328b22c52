using Microsoft.Extensions.Logging;

namespace Coordinator.Log;

/// <summary>What the log tells operators. Event ids 2000 to 2099 are its own and never change.</summary>
internal static partial class Messages
{
    [LoggerMessage(2000, LogLevel.Information, "The log {Path} is open: cluster {Cluster}, epoch {Epoch}, end {End}, {Unfinished} unfinished")]
    public static partial void LogOpened(ILogger logger, string path, ClusterId cluster, Epoch epoch, long end, int unfinished);

    [LoggerMessage(2001, LogLevel.Error, "The log {Path} has failed: what was being written is unknown, and nothing is decided until it is reopened")]
    public static partial void LogFailed(ILogger logger, string path, Exception exception);

    [LoggerMessage(2002, LogLevel.Warning, "The log {Path} was written anew after a failure: end {End}, {Unfinished} unfinished")]
    public static partial void LogReopened(ILogger logger, string path, long end, int unfinished);

    [LoggerMessage(2003, LogLevel.Information, "Trimmed {Transactions} transactions that ended before {EndedBefore} from the log {Path}")]
    public static partial void LogTrimmed(ILogger logger, string path, int transactions, DateTimeOffset endedBefore);
}
