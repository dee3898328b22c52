using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>A record as one line for people.</summary>
public static class RecordText
{
    /// <summary>What the record says, without its time: one line, without control characters.</summary>
    public static string Of(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return OneLine(Tell(record));
    }

    private static string Tell(LogRecord record) => record switch
    {
        EpochRecord epoch => $"epoch {epoch.Epoch} of cluster {epoch.Cluster}",
        DecisionRecord decision => Of(decision),
        EndRecord end => $"end {end.Transaction}",
        ParticipantRecord participant => $"participant {participant.Name} is {participant.Resource}",
        ParticipantRemovedRecord removed => $"participant {removed.Name} removed: {removed.Reason}",
        HeuristicRecord heuristic => $"heuristic {heuristic.Branch} decided {heuristic.Decided}, found {heuristic.Found}: {heuristic.Detail}",
        ForgottenRecord forgotten => $"forgotten {forgotten.Transaction}: {forgotten.Reason}",
        ResolvedRecord resolved => $"resolved {resolved.Transaction}{(resolved.Branch is { } branch ? $":{branch}" : "")} {resolved.Decision}: {resolved.Reason}",
        HorizonRecord horizon => $"horizon epoch {horizon.Horizon.EpochNumber} sequence {horizon.Horizon.Sequence}",
        RestoredRecord restored => $"restored, epochs up to {restored.EpochNumber} are quarantined: {restored.Reason}",
        _ => record.ToString(),
    };

    private static string Of(DecisionRecord decision)
    {
        var text = $"{(decision.Decision == Decision.Commit ? "commit" : "abort")} {decision.Transaction}";
        if (decision.Name.Length > 0)
            text += $" '{decision.Name}'";
        if (decision.IdempotencyKey is not null)
            text += $" key '{decision.IdempotencyKey}'";
        if (decision.Branches.Count > 0)
            text += $" branches {string.Join(' ', decision.Branches.Select(branch => branch.Branch))}";
        return decision.Reason is null ? text : $"{text}: {decision.Reason}";
    }

    /// <summary>Texts come from clients and databases: none may forge a line of its own, or steer a terminal.</summary>
    private static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : text;
}
