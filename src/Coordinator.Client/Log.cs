using Microsoft.Extensions.Logging;

namespace Coordinator.Client;

/// <summary>What the client logs. Event ids never change.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "Transaction {Transaction} begun, {Remaining} until its deadline")]
    public static partial void Begun(ILogger logger, TransactionId transaction, TimeSpan remaining);

    [LoggerMessage(2, LogLevel.Debug, "Transaction {Transaction}: branch {Branch} joined")]
    public static partial void BranchJoined(ILogger logger, TransactionId transaction, BranchName branch);

    [LoggerMessage(3, LogLevel.Debug, "Transaction {Transaction} committed")]
    public static partial void Committed(ILogger logger, TransactionId transaction);

    [LoggerMessage(4, LogLevel.Information, "Transaction {Transaction} can only roll back: {Why}")]
    public static partial void RollbackOnly(ILogger logger, TransactionId transaction, string why);

    [LoggerMessage(5, LogLevel.Warning,
        "Transaction {Transaction}: the rollback was not confirmed; it aborts at its deadline at the latest")]
    public static partial void RollbackNotConfirmed(ILogger logger, TransactionId transaction, Exception? failure);

    [LoggerMessage(6, LogLevel.Warning, "Transaction {Transaction} is in doubt: {Why}")]
    public static partial void InDoubt(ILogger logger, TransactionId transaction, string why);
}
