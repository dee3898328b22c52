using System.Data.Common;

namespace Coordinator.ResourceManagers.Work;

/// <summary>What of a failed statement may be told to others.</summary>
internal static class FailureText
{
    /// <summary>The database's code where there is one, else the kind of failure: never a text that may hold values.</summary>
    public static string Of(Exception failure) => failure switch
    {
        BranchTakenException => failure.Message,
        OperationCanceledException => "A statement was cancelled.",
        DbException { SqlState: { Length: > 0 } state } => $"A statement failed with SQLSTATE {state}.",
        _ => $"A statement failed: {failure.GetType().Name}.",
    };
}
