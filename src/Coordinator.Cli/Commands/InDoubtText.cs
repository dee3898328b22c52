using System.Globalization;
using Coordinator.Cli.Output;

namespace Coordinator.Cli.Commands;

/// <summary>What <c>coordctl in-doubt</c> tells people: what is there, for how long, what will happen, and what they can do.</summary>
internal static class InDoubtText
{
    public static void Write(InDoubtDocument document, IText text, int limit)
    {
        if (document.Branches.Count + document.Undelivered.Count + document.Heuristics.Count + document.FailedScans.Count == 0)
        {
            text.Line(new Cell("Nothing is in doubt.", Tone.Good));
            return;
        }

        if (document.Branches.Count > 0)
            WriteBranches(document, text);
        if (document.Undelivered.Count > 0)
            WriteUndelivered(document.Undelivered, text);
        Tables.Heuristics(text, document.Heuristics);
        if (document.FailedScans.Count > 0)
        {
            text.Table(
                "Databases that could not be asked: what is prepared there is unknown, and nothing is concluded",
                ["Participant", "Why"],
                [.. document.FailedScans.Select(pair => (IReadOnlyList<Cell>)[pair.Key, new Cell(pair.Value, Tone.Bad)])]);
        }

        WriteWhatToDo(document, text);
        if (document.More)
            text.Line($"There is more; this was the first {limit} lines: raise --limit.");
    }

    private static void WriteBranches(InDoubtDocument document, IText text) =>
        text.Table(
            "Prepared branches",
            ["Participant", "Transaction", "Branch", "Kind", "Age", "What happens"],
            [.. document.Branches.Select(branch => (IReadOnlyList<Cell>)
            [
                branch.Participant,
                // What is no id of a coordinator has only the database's own.
                branch.TransactionId ?? branch.Raw,
                branch.Branch,
                Tones.Of(branch.Kind),
                Age(branch, document.AsOf),
                branch.WhatHappens,
            ])]);

    private static void WriteUndelivered(IReadOnlyList<TransactionDocument> transactions, IText text)
    {
        Tables.Transactions(text, "Decided, and not yet told everywhere", transactions);
        Tables.Branches(
            text,
            "Their branches that have not been told",
            [.. transactions.SelectMany(transaction => transaction.Branches).Where(branch => branch.State is "prepared")]);
    }

    private static void WriteWhatToDo(InDoubtDocument document, IText text)
    {
        var commands = document.Branches.Select(branch => branch.Settle).OfType<string>()
            .Concat(document.Heuristics.Select(heuristic => $"coordctl forget {heuristic.TransactionId} --reason TEXT (once it is put right)"))
            .Distinct().ToList();
        if (commands.Count == 0)
            return;
        text.Line("");
        text.Line("To settle by hand:");
        foreach (var command in commands)
            text.Line($"  {command}");
    }

    // PostgreSQL tells when a branch was prepared. XA does not: then it is as old as the transaction at most.
    private static Cell Age(InDoubtBranchDocument branch, DateTimeOffset? asOf)
    {
        if (asOf is not { } now)
            return "unknown";
        if (branch.PreparedAt is { } prepared)
            return Span(now - prepared);
        return branch.KnownSince is { } since ? $"at most {Span(now - since)}" : "unknown";
    }

    private static string Span(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "0 s",
        { TotalMinutes: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:F0} s"),
        { TotalHours: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:F0} min"),
        { TotalDays: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:F0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:F0} days"),
    };
}
