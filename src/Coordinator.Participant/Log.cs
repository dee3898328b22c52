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

    // 3100: the attach stream.
    [LoggerMessage(3100, LogLevel.Information, "Participant {Participant} is attached to {Coordinator}, cluster {Cluster}, epoch {Epoch}")]
    public static partial void Attached(ILogger logger, BranchName participant, Uri coordinator, ClusterId cluster, Epoch epoch);

    [LoggerMessage(3101, LogLevel.Warning, "Participant {Participant}: the stream to the coordinator ended: {Reason} Attaching again")]
    public static partial void StreamEnded(ILogger logger, string reason, BranchName participant);

    [LoggerMessage(3102, LogLevel.Warning, "Participant {Participant}: attaching to {Coordinator} failed: {Reason} Next try in {Delay}")]
    public static partial void AttachFailed(ILogger logger, BranchName participant, Uri coordinator, string reason, TimeSpan delay);

    [LoggerMessage(3103, LogLevel.Error, "Participant {Participant}: attaching to {Coordinator} is refused: {Reason} Next try in {Delay}")]
    public static partial void AttachRefused(ILogger logger, BranchName participant, Uri coordinator, string reason, TimeSpan delay);

    [LoggerMessage(3104, LogLevel.Warning, "A command of the older epoch {Epoch} was refused by participant {Participant}")]
    public static partial void OlderEpoch(ILogger logger, string epoch, string participant);

    [LoggerMessage(3105, LogLevel.Warning, "Command {Command} was not done: {Reason}")]
    public static partial void CommandNotDone(ILogger logger, Contracts.V1.Command.CommandOneofCase command, string reason);

    [LoggerMessage(3106, LogLevel.Error, "Command {Command} failed by a defect")]
    public static partial void CommandBroke(ILogger logger, Exception failure, Contracts.V1.Command.CommandOneofCase command);

    [LoggerMessage(3107, LogLevel.Debug, "The answer to {Command} was dropped: its stream has ended")]
    public static partial void AnswerDropped(ILogger logger, Contracts.V1.Command.CommandOneofCase command);

    [LoggerMessage(3108, LogLevel.Warning, "A message of the kind {Kind} was ignored: this version does not know it")]
    public static partial void UnknownMessage(ILogger logger, Contracts.V1.CoordinatorMessage.MessageOneofCase kind);

    [LoggerMessage(3109, LogLevel.Information, "Participant {Participant}: the stream was ended before all answers were out")]
    public static partial void StreamNotFinished(ILogger logger, Exception failure, BranchName participant);

    // 3200: the database.
    [LoggerMessage(3200, LogLevel.Information, "Participant {Participant}: reached {Database}, version {Version}; at most {MaxOpenBranches} open branches")]
    public static partial void DatabaseReached(ILogger logger, BranchName participant, ResourceIdentity database, string version, int maxOpenBranches);

    [LoggerMessage(3201, LogLevel.Warning, "Participant {Participant}: its database cannot be reached: {Reason} Next try in {Delay}")]
    public static partial void DatabaseUnreachable(ILogger logger, BranchName participant, string reason, TimeSpan delay);

    [LoggerMessage(3202, LogLevel.Error, "Participant {Participant}: its database cannot take part: {Reason} Next try in {Delay}")]
    public static partial void DatabaseRefused(ILogger logger, BranchName participant, string reason, TimeSpan delay);

    [LoggerMessage(3203, LogLevel.Warning, "Participant {Participant}: its database server was restarted")]
    public static partial void DatabaseRestarted(ILogger logger, string participant);

    [LoggerMessage(3204, LogLevel.Warning, "Participant {Participant}: looking after its database failed; it goes on")]
    public static partial void WatchFailed(ILogger logger, Exception failure, string participant);
}
