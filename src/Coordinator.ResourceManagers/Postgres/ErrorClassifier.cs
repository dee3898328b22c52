using System.Data.Common;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>Tells from an exception what is known of the command that it ended. Used by commit and recovery alike.</summary>
internal static class ErrorClassifier
{
    public static Verdict Classify(DbException failure)
    {
        if (failure is not PostgresException error || !ProvesRefusal(error))
            return new Verdict(Answer.Unknown, $"no answer: {failure.Message}");
        return new Verdict(
            Answer.Refused,
            $"{error.SqlState}: {error.MessageText}",
            IsUnknownBranch: error.SqlState == PostgresErrorCodes.UndefinedObject,
            // No right to finish this branch; the branch is of another database.
            NeedsOperator: error.SqlState is PostgresErrorCodes.InsufficientPrivilege
                or PostgresErrorCodes.FeatureNotSupported);
    }

    // An ERROR ends its statement undone. A FATAL or PANIC ends the session, maybe after the statement was done; the
    // 57P0x are such ends, 08 and 40003 say in so many words that the outcome is not known.
    private static bool ProvesRefusal(PostgresException error) =>
        error.InvariantSeverity == "ERROR"
        && error.SqlState is not ("57P01" or "57P02" or "57P03" or "40003")
        && !error.SqlState.StartsWith("08", StringComparison.Ordinal);
}
