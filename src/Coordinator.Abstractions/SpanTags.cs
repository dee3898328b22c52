using System.Diagnostics;

namespace Coordinator;

/// <summary>The attributes of all spans of the project; <c>src/Coordinator.Server/TRACING.md</c> says which span has which.</summary>
public static class SpanTags
{
    public const string Transaction = "coordinator.transaction.id";
    public const string Branch = "coordinator.branch.id";
    public const string Participant = "coordinator.participant";
    public const string Outcome = "coordinator.outcome";
    public const string ErrorType = "error.type";
    public const string DatabaseSystem = "db.system.name";

    /// <summary>Names the branch, its transaction and its participant.</summary>
    public static void SetBranch(this Activity span, BranchId branch)
    {
        ArgumentNullException.ThrowIfNull(span);
        span.SetTag(Transaction, branch.Transaction.Value);
        span.SetTag(Branch, branch.Branch.ToString());
        span.SetTag(Participant, branch.Branch.Participant);
    }

    /// <summary>Marks a span as failed; null is none. No message: a database's words may quote values.</summary>
    public static void Fail(this Activity? span, string errorType)
    {
        span?.SetTag(ErrorType, errorType);
        span?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>As above, by the exception's type.</summary>
    public static void Fail(this Activity? span, Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        span.Fail(failure.GetType().FullName!);
    }
}
