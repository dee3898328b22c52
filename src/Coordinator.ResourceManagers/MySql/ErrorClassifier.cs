using System.Data.Common;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>Tells from an exception what is known of the command that it ended. Used by commit and recovery alike.</summary>
internal static class ErrorClassifier
{
    public const int UnknownThread = 1094;
    public const int Denied = 1227;
    public const int LockWaitTimeout = 1205;
    public const int DuplicateKey = 1062;
    public const int OutOfRange = 1690;
    public const int XaDuplicate = 1440;
    public const int XaUnknown = 1397;
    public const int XaRollbackOnly = 1402;
    public const int XaRollbackTimeout = 1613;
    public const int XaRollbackDeadlock = 1614;

    public static Verdict Classify(DbException failure)
    {
        var number = Driver.ErrorNumber(failure);
        if (!ProvesRefusal(number))
        {
            // The driver wraps what it saw of the connection in a message of its own, which says less.
            return new Verdict(Answer.Unknown, $"no answer: {failure.GetBaseException().Message}");
        }

        return new Verdict(
            Answer.Refused,
            $"{number}: {failure.Message}",
            IsUnknownBranch: number == XaUnknown,
            // No right: to the database (1044), to come in (1045), to a table (1142), or a server-wide one (1227).
            NeedsOperator: number is 1044 or 1045 or 1142 or Denied);
    }

    /// <summary>The branch can only be rolled back, or has been.</summary>
    public static bool IsRolledBack(DbException failure) =>
        Driver.ErrorNumber(failure) is XaRollbackOnly or XaRollbackTimeout or XaRollbackDeadlock;

    // The server's own numbers are 1000 to 1999 and from 3000; 2000 to 2999 are the client's, 0 is the driver's.
    private static bool ProvesRefusal(int number) => number switch
    {
        // No connection was made: nothing is known of anything.
        1040 or 1042 or 1043 or 1047 => false,
        // Shutdown, aborted or killed connection, network errors: the statement may have been done.
        1053 or 1077 or 1079 or 1080 or 1152 or 1153 or (>= 1154 and <= 1161) or 1184 or 1927 or 3169 or 4031 => false,
        // "Interrupted": XA COMMIT may have got as far as the storage engine.
        1317 => false,
        >= 1000 and < 2000 => true,
        >= 3000 => true,
        _ => false,
    };
}
