using System.Diagnostics;
using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Participant;

/// <summary>A participant's spans. Without a listener nothing is made of them.</summary>
public static class ParticipantTracing
{
    /// <summary>What an application gives to <c>AddSource</c>, with its driver's: <c>Npgsql</c> or <c>MySqlConnector</c>.</summary>
    public const string SourceName = "Coordinator.Participant";

    private static readonly ActivitySource Source = new(SourceName);

    internal static Activity? StartEnlist(BranchId branch)
    {
        var span = Source.StartActivity("enlist", ActivityKind.Client);
        span?.SetBranch(branch);
        return span;
    }

    /// <summary>A command's span in the trace of its transaction; null if it came without one, as scans do.</summary>
    internal static Activity? StartCommand(Wire.Command command, string participant)
    {
        if (!Source.HasListeners() || !TraceContext.TryRead(command.Traceparent, command.Tracestate, out var context))
            return null;
        var (name, transaction, branch) = command.CommandCase switch
        {
            Wire.Command.CommandOneofCase.Prepare => ("prepare", command.Prepare.TransactionId, command.Prepare.Branch),
            Wire.Command.CommandOneofCase.CommitOnePhase => ("commit one-phase", command.CommitOnePhase.TransactionId, command.CommitOnePhase.Branch),
            Wire.Command.CommandOneofCase.Commit => ("commit branch", command.Commit.TransactionId, command.Commit.Branch),
            Wire.Command.CommandOneofCase.Rollback => ("rollback branch", command.Rollback.TransactionId, command.Rollback.Branch),
            Wire.Command.CommandOneofCase.FindOutcome => ("find outcome", command.FindOutcome.TransactionId, command.FindOutcome.Branch),
            _ => ("", "", ""),
        };
        if (name.Length == 0)
            return null;
        var span = Source.StartActivity(name, ActivityKind.Server, context);
        span?.SetTag(SpanTags.Transaction, transaction);
        span?.SetTag(SpanTags.Branch, branch);
        span?.SetTag(SpanTags.Participant, participant);
        return span;
    }

    internal static void End(Activity? span, Wire.Answer answer)
    {
        if (span is null)
            return;
        if (answer.Failed is not null)
            span.Fail("Failed");
        else if (answer.Vote is { } vote)
            span.SetTag(SpanTags.Outcome, vote.Vote.ToString());
        else if (answer.Report is { } report)
            span.SetTag(SpanTags.Outcome, report.Outcome.ToString());
        if (answer.Vote is { Vote: Wire.VoteAnswer.Types.Vote.No })
            span.Fail(Reasons.VotedNo);
    }
}
