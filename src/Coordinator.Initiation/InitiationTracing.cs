using System.Diagnostics;

namespace Coordinator.Initiation;

/// <summary>The initiator's spans. Without a listener nothing is made of them.</summary>
public static class InitiationTracing
{
    /// <summary>What an application gives to <c>AddSource</c>.</summary>
    public const string SourceName = "Coordinator.Initiation";

    internal static readonly ActivitySource Source = new(SourceName);

    internal static Activity? StartCommit(TransactionId transaction)
    {
        var span = Source.StartActivity("commit");
        span?.SetTag(SpanTags.Transaction, transaction.Value);
        return span;
    }

    internal static Activity? StartCommand(string name, BranchId branch)
    {
        var span = Source.StartActivity(name);
        span?.SetBranch(branch);
        return span;
    }
}
