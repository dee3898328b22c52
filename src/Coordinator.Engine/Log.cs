using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>Everything that the engine logs. Event ids never change their meaning.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Cluster {Cluster}, epoch {Epoch}: {Unfinished} decided transactions to deliver, {Participants} participants known, log at {Position}.")]
    public static partial void Started(ILogger logger, ClusterId cluster, Epoch epoch, int unfinished, int participants, long position);

    [LoggerMessage(2, LogLevel.Information, "Participant {Participant}, instance {Instance}, attached: {Resource}.")]
    public static partial void Attached(ILogger logger, string participant, string instance, ResourceIdentity resource);

    [LoggerMessage(3, LogLevel.Information, "Participant {Participant}, instance {Instance}, detached.")]
    public static partial void Detached(ILogger logger, string participant, string instance);

    [LoggerMessage(4, LogLevel.Debug, "Transaction {Transaction} begun: {Name}.")]
    public static partial void Begun(ILogger logger, TransactionId transaction, string name);

    [LoggerMessage(5, LogLevel.Debug, "Transaction {Transaction}: branch {Branch} enlisted.")]
    public static partial void Enlisted(ILogger logger, TransactionId transaction, BranchName branch);

    [LoggerMessage(6, LogLevel.Debug, "Transaction {Transaction} aborts: {ReasonCode} {Reason}")]
    public static partial void Aborting(ILogger logger, TransactionId transaction, string reasonCode, string reason);

    [LoggerMessage(7, LogLevel.Debug, "Transaction {Transaction} ended: {State}.")]
    public static partial void Finished(ILogger logger, TransactionId transaction, TransactionState state);

    [LoggerMessage(8, LogLevel.Warning, "Branch {Branch} did not answer prepare: {Detail}")]
    public static partial void PrepareUnanswered(ILogger logger, BranchId branch, string detail);

    [LoggerMessage(9, LogLevel.Warning, "Branch {Branch}: will try again: {Detail}")]
    public static partial void DeliveryRetried(ILogger logger, BranchId branch, string detail);

    [LoggerMessage(10, LogLevel.Error, "Branch {Branch}: trying again does not help until somebody acts: {Detail}")]
    public static partial void DeliveryNeedsOperator(ILogger logger, BranchId branch, string detail);

    [LoggerMessage(11, LogLevel.Warning, "Branch {Branch}: its one-phase commit was not answered; in doubt until proven: {Detail}")]
    public static partial void OnePhaseInDoubt(ILogger logger, BranchId branch, string detail);

    [LoggerMessage(12, LogLevel.Error, "HEURISTIC: branch {Branch} was decided {Decided} and is found {Found}: {Detail}")]
    public static partial void Heuristic(ILogger logger, BranchId branch, Decision decided, BranchOutcome found, string detail);

    [LoggerMessage(13, LogLevel.Error, "The log does not answer; nothing is decided until it has been reopened.")]
    public static partial void LogUnavailable(ILogger logger, Exception exception);

    [LoggerMessage(14, LogLevel.Warning, "The log cannot be reopened yet.")]
    public static partial void LogStillUnavailable(ILogger logger, Exception exception);

    [LoggerMessage(15, LogLevel.Information, "The log has been reopened; deciding goes on.")]
    public static partial void LogReopened(ILogger logger);

    [LoggerMessage(16, LogLevel.Warning, "Participant {Participant}: its database could not be scanned: {Detail}")]
    public static partial void ScanFailed(ILogger logger, string participant, string detail);

    [LoggerMessage(17, LogLevel.Warning, "Branch {Branch}: recovery could not finish it, the next scan will: {Detail}")]
    public static partial void SettleFailed(ILogger logger, BranchId branch, string detail);

    [LoggerMessage(18, LogLevel.Information, "Participant {Participant}: recovery finished {Settled} of {Listed} prepared branches.")]
    public static partial void Recovered(ILogger logger, string participant, int settled, int listed);

    [LoggerMessage(19, LogLevel.Error, "Participant {Participant}: {Count} prepared branches are quarantined; see: coordctl in-doubt")]
    public static partial void Quarantined(ILogger logger, string participant, int count);

    [LoggerMessage(20, LogLevel.Error, "Participant {Participant} remembers epoch {Epoch}, position {Position}, which this log lacks: it was lost or restored. Nothing of epochs up to {UpTo} is presumed aborted.")]
    public static partial void LogLacksRecords(ILogger logger, string participant, Epoch epoch, long position, int upTo);

    [LoggerMessage(21, LogLevel.Critical, "Transaction {Transaction}: an invariant is broken; it is left as it stands.")]
    public static partial void Broken(ILogger logger, Exception exception, TransactionId transaction);

    [LoggerMessage(22, LogLevel.Information, "Draining: {Open} transactions are committing or aborting.")]
    public static partial void Draining(ILogger logger, int open);

    [LoggerMessage(23, LogLevel.Warning, "An operator resolved {Transaction} {Branch}: {Decision}, because: {Reason}")]
    public static partial void Resolved(ILogger logger, TransactionId transaction, string branch, Decision decision, string reason);

    [LoggerMessage(24, LogLevel.Warning, "An operator removed participant {Participant}, because: {Reason}")]
    public static partial void ParticipantRemoved(ILogger logger, string participant, string reason);

    [LoggerMessage(25, LogLevel.Information, "Trimmed {Count} transactions past retention from the log.")]
    public static partial void Trimmed(ILogger logger, int count);

    [LoggerMessage(27, LogLevel.Error, "HEURISTIC: branch {Branch}, which no decision names, is found committed; {Limit} outcomes wait to be forgotten, so it is not kept.")]
    public static partial void HeuristicNotKept(ILogger logger, BranchId branch, int limit);

    [LoggerMessage(28, LogLevel.Information, "Initiator {Initiator} is connected.")]
    public static partial void InitiatorOpened(ILogger logger, string initiator);

    [LoggerMessage(29, LogLevel.Information, "Initiator {Initiator} is fenced: its connection has ended.")]
    public static partial void InitiatorFenced(ILogger logger, string initiator);

    [LoggerMessage(30, LogLevel.Information, "Transaction {Transaction} of initiator {Initiator} can no longer commit: {Reason}")]
    public static partial void Abandoned(ILogger logger, TransactionId transaction, string initiator, string reason);

    [LoggerMessage(26, LogLevel.Error, "Periodic work failed; it goes on at the next interval.")]
    public static partial void PeriodicFailed(ILogger logger, Exception exception);
}
