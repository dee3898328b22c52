using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server;

/// <summary>Everything that the server logs. Event ids never change their meaning.</summary>
internal static partial class Log
{
    [LoggerMessage(101, LogLevel.Debug, "{Method} of {Peer}: {Status} after {Milliseconds} ms.")]
    public static partial void Called(ILogger logger, string method, string peer, StatusCode status, double milliseconds);

    [LoggerMessage(102, LogLevel.Error, "{Method} failed unexpectedly; the caller was told error {ErrorId}.")]
    public static partial void CallFailed(ILogger logger, Exception exception, string method, string errorId);

    [LoggerMessage(103, LogLevel.Warning, "Participant {Participant}, instance {Instance}: its stream is ended: {Reason}")]
    public static partial void StreamEnded(ILogger logger, string participant, string instance, string reason);

    [LoggerMessage(104, LogLevel.Debug, "Participant {Participant}, instance {Instance}: an answer to command {CommandId}, which nobody waits for.")]
    public static partial void UnknownAnswer(ILogger logger, string participant, string instance, ulong commandId);

    [LoggerMessage(105, LogLevel.Debug, "Participant {Participant}, instance {Instance}: its stream broke.")]
    public static partial void StreamBroken(ILogger logger, Exception exception, string participant, string instance);

    [LoggerMessage(106, LogLevel.Warning, "Participant {Participant}, instance {Instance}: branch {Branch} of transaction {Transaction} is not its own; refused.")]
    public static partial void ForeignBranch(ILogger logger, string participant, string instance, string branch, string transaction);

    [LoggerMessage(107, LogLevel.Information, "Stopping: Begin is refused; waiting for decided work at most {Limit}.")]
    public static partial void Stopping(ILogger logger, TimeSpan limit);

    [LoggerMessage(108, LogLevel.Information, "Stopped. {Open} transactions were open; what is decided stays in the log.")]
    public static partial void Stopped(ILogger logger, int open);

    [LoggerMessage(109, LogLevel.Error, "Participant {Participant}, instance {Instance}: the scan after a restart of its database failed.")]
    public static partial void ScanFailed(ILogger logger, Exception exception, string participant, string instance);

    [LoggerMessage(110, LogLevel.Error, "A metric could not be shown.")]
    public static partial void MetricsFailed(ILogger logger, Exception exception);

    [LoggerMessage(111, LogLevel.Warning, "Initiator {Initiator}: its stream is ended: {Reason}")]
    public static partial void InitiatorEnded(ILogger logger, string initiator, string reason);

    [LoggerMessage(112, LogLevel.Debug, "Initiator {Initiator}: its stream broke.")]
    public static partial void InitiatorBroken(ILogger logger, Exception exception, string initiator);

    [LoggerMessage(113, LogLevel.Error, "Transaction {Transaction}: its initiator's Decide failed; it is told to ask again.")]
    public static partial void DecideFailed(ILogger logger, Exception exception, TransactionId transaction);
}
