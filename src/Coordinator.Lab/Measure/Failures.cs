using System.Data.Common;
using System.Net.Sockets;
using Coordinator.Client;
using Coordinator.Lab.World;
using Coordinator.Saga;

namespace Coordinator.Lab.Measure;

/// <summary>Which failures belong to an experiment; any other one is a defect, and ends it.</summary>
internal static class Failures
{
    public static AttemptEnd? Classify(Exception failure) => failure switch
    {
        StepRefusedException => AttemptEnd.Refused,
        DbException when Sql.IsDeadlock(failure) => AttemptEnd.Deadlock,
        DbException when Sql.IsLockTimeout(failure) => AttemptEnd.LockTimeout,
        TransactionInDoubtException => AttemptEnd.InDoubt,
        TransactionAbortedException or EnlistmentRefusedException => AttemptEnd.Aborted,
        CoordinatorException or ParticipantUnavailableException => AttemptEnd.Unavailable,
        OperationCanceledException or TimeoutException => AttemptEnd.Aborted,
        DbException or SocketException or IOException or HttpRequestException => AttemptEnd.Unavailable,
        // The drivers tell a connection that was ended from outside in these ways too.
        InvalidOperationException or ObjectDisposedException => AttemptEnd.Unavailable,
        _ => null,
    };
}
