using Microsoft.Extensions.Logging;

namespace Coordinator.Participant;

/// <summary>All that the participant logs. Event ids are stable; never SQL, its parameters, or a connection string.</summary>
internal static partial class Log
{
    // 3000: branches.
    [LoggerMessage(3000, LogLevel.Warning, "Branch {Branch}: ended without having been prepared: {Reason}")]
    public static partial void BranchEnded(ILogger logger, BranchId branch, string reason);

    [LoggerMessage(3001, LogLevel.Warning, "Branch {Branch}: could not be rolled back yet; the coordinator's rollback will try again")]
    public static partial void BranchNotEnded(ILogger logger, Exception failure, BranchId branch);

    [LoggerMessage(3002, LogLevel.Warning, "Branch {Branch}: prepare got no answer; its session was ended, and it waits for the coordinator's rollback")]
    public static partial void PrepareUnknown(ILogger logger, Exception failure, BranchId branch);

    [LoggerMessage(3003, LogLevel.Warning, "Branch {Branch}: commit in one phase got no answer; it is in doubt until proven")]
    public static partial void OnePhaseUnknown(ILogger logger, Exception failure, BranchId branch);

    [LoggerMessage(3004, LogLevel.Warning, "Branch {Branch}: {Command} got no answer on its session; trying another session")]
    public static partial void SessionLost(ILogger logger, Exception failure, BranchId branch, string command);

    [LoggerMessage(3005, LogLevel.Debug, "Branch {Branch}: its session did not close cleanly")]
    public static partial void SessionNotEnded(ILogger logger, Exception failure, BranchId branch);

    [LoggerMessage(3006, LogLevel.Warning, "Branch {Branch}: a statement does not stop; its session is being ended from outside")]
    public static partial void WorkDoesNotStop(ILogger logger, BranchId branch);

    [LoggerMessage(3007, LogLevel.Warning, "{Count} branches of participant {Participant} are still open at shutdown; prepared ones stay prepared")]
    public static partial void NotIdle(ILogger logger, int count, string participant);
}
