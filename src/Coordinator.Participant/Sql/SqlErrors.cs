using System.Data.Common;
using System.Globalization;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.ResourceManagers;
using Grpc.Core;

namespace Coordinator.Participant.Sql;

/// <summary>Which status a failed statement's call ends with.</summary>
internal static class SqlErrors
{
    /// <summary>The status for a failure; null for a defect.</summary>
    public static RpcException? From(Exception failure, string transaction) => failure switch
    {
        RpcException status => status,
        StatementRefusedException refused => RpcErrors.Create(StatusCode.InvalidArgument, Reason.Malformed, refused.Message),
        EnlistmentRefusedException refused => FromRefusal(refused, transaction),
        ParticipantUnavailableException unavailable => RpcErrors.Create(
            StatusCode.Unavailable, Reason.ParticipantUnavailable, unavailable.Message, ("transaction_id", transaction)),
        TransactionLeftException left => RpcErrors.Create(
            StatusCode.FailedPrecondition,
            Reason.BranchPoisoned,
            $"{left.Message}. The branch can only roll back, and what the statement committed by itself stays.",
            ("transaction_id", transaction)),
        DbException error => FromDatabase(error, transaction),
        OperationCanceledException => new RpcException(new Status(StatusCode.Cancelled, "The call was ended early; the branch can only roll back.")),
        TimeoutException or IOException => RpcErrors.Create(
            StatusCode.Aborted, Reason.StatementFailed, "The database gave no answer.", ("transaction_id", transaction)),
        _ => null,
    };

    // The database's own words go to the caller whose statement it was, and nowhere else.
    private static RpcException FromDatabase(DbException error, string transaction) => RpcErrors.Create(
        IsWorthAnotherTry(error) ? StatusCode.Aborted : StatusCode.FailedPrecondition,
        Reason.StatementFailed,
        DriverValues.MessageOf(error),
        [("transaction_id", transaction), .. Codes(error)]);

    // PostgreSQL has five characters, MySQL and MariaDB a number; their drivers do not all tell the other.
    private static IEnumerable<(string, string)> Codes(DbException error)
    {
        if (!string.IsNullOrEmpty(error.SqlState))
            yield return ("sqlstate", error.SqlState);
        if (DriverValues.ErrorNumber(error) is not 0 and var number)
            yield return ("code", number.ToString(CultureInfo.InvariantCulture));
    }

    private static RpcException FromRefusal(EnlistmentRefusedException refused, string transaction)
    {
        // A newer coordinator may have reasons that this version does not know.
        var known = RpcErrors.TryParse(refused.Reason, out var reason);
        var message = known ? refused.Message : $"{refused.Reason}: {refused.Message}";
        return RpcErrors.Create(RpcErrors.StatusOf(reason), reason, message, ("transaction_id", transaction));
    }

    // Deadlocks, serialization failures and lock timeouts: the whole transaction may succeed when begun anew.
    private static bool IsWorthAnotherTry(DbException error) =>
        error.IsTransient
        || error.SqlState is "40001" or "40P01" or "55P03"
        || DriverValues.ErrorNumber(error) is 1205 or 1213;
}
