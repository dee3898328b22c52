using System.Diagnostics;

namespace Coordinator.Engine;

/// <summary>The engine's spans. Without a listener nothing is made of them.</summary>
public static class EngineTracing
{
    /// <summary>What an application gives to <c>AddSource</c>.</summary>
    public const string SourceName = "Coordinator.Engine";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The whole of a commit, rollback or recovery; <see cref="End"/> completes it.</summary>
    internal static Activity? StartTransaction(string name, GlobalTransaction transaction)
    {
        var span = Source.StartActivity(name);
        span?.SetTag(SpanTags.Transaction, transaction.Id.Value);
        return span;
    }

    /// <summary>What a restart goes on with: a trace of its own, linked to the one that the decision was made in.</summary>
    internal static Activity? StartRecovery(GlobalTransaction transaction)
    {
        if (!Source.HasListeners())
            return null;
        // Not the trace of whatever started the coordinator.
        Activity.Current = null;
        var span = Source.StartActivity("recover", ActivityKind.Internal, default(ActivityContext), links: LinksTo(transaction.DecidedIn));
        span?.SetTag(SpanTags.Transaction, transaction.Id.Value);
        return span;
    }

    /// <summary>A branch that a scan found prepared: a trace of its own, linked likewise if a decision is on record.</summary>
    internal static Activity? StartSettling(BranchId branch, DecisionRecord? decision)
    {
        if (!Source.HasListeners())
            return null;
        // Not the trace of the attach stream, which lasts as long as the participant does.
        Activity.Current = null;
        var span = Source.StartActivity("settle", ActivityKind.Internal, default(ActivityContext), links: LinksTo(decision?.DecidedIn));
        span?.SetBranch(branch);
        return span;
    }

    internal static Activity? StartDecision(TransactionId transaction)
    {
        var span = Source.StartActivity("decide");
        span?.SetTag(SpanTags.Transaction, transaction.Value);
        return span;
    }

    /// <summary>One command to one branch, with all its attempts.</summary>
    internal static Activity? StartCommand(string name, Branch branch)
    {
        var span = Source.StartActivity(name, ActivityKind.Client);
        span?.SetBranch(branch.Id);
        return span;
    }

    internal static void SetDatabase(this Activity? span, IParticipant participant) =>
        span?.SetTag(SpanTags.DatabaseSystem, participant.Resource.Identity.Kind switch
        {
            ResourceKind.Postgres => "postgresql",
            ResourceKind.MariaDb => "mariadb",
            ResourceKind.MySql => "mysql",
            _ => null,
        });

    /// <summary>An attempt that proved nothing; the next one follows.</summary>
    internal static void Retry(this Activity? span, string errorType)
    {
        if (span is not null)
            span.AddEvent(new ActivityEvent("retry", tags: new ActivityTagsCollection { [SpanTags.ErrorType] = errorType }));
    }

    internal static void End(this Activity? span, GlobalTransaction transaction)
    {
        if (span is null)
            return;
        span.SetTag(SpanTags.Outcome, Outcomes.Of(transaction).ToString());
        if (transaction.State != TransactionState.Committed && transaction.ReasonCode is { } reason)
            span.Fail(reason);
    }

    /// <summary>What a decision keeps of its trace: nothing unless that is sampled.</summary>
    internal static ActivityContext? ToKeep() => Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } current
        ? new ActivityContext(current.TraceId, current.SpanId, ActivityTraceFlags.Recorded, traceState: null, isRemote: true)
        : null;

    private static ActivityLink[]? LinksTo(ActivityContext? trace) => trace is { } context ? [new ActivityLink(context)] : null;
}
