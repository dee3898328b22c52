using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl in-doubt</c></summary>
internal static class InDoubtCommand
{
    public static Command Create(Runner runner)
    {
        var failIfAny = new Option<bool>("--fail-if-any")
        {
            Description = "Exit with 4 if anything is in doubt. Live, foreign and not-ours branches do not count",
        };
        var command = new Command(
            "in-doubt", "Every prepared branch in every database, what it is, and what will happen to it.")
        {
            failIfAny,
        };
        return runner.Runs(
            command,
            run => RunAsync(run, run.Arguments.GetValue(failIfAny)),
            details: """
            Kinds: live (its transaction goes on), to-commit and to-roll-back (will be done by the coordinator),
            quarantined (its records may be gone: an operator decides), foreign (another cluster's), not-ours.

            Example, for monitoring:
              coordctl in-doubt --fail-if-any -o json
            """);
    }

    private static async Task<int> RunAsync(Run run, bool failIfAny)
    {
        var answer = await run.AskAsync((operators, call) => operators.ListInDoubtAsync(new ListInDoubtRequest(), call));
        var document = new InDoubtDocument(
            [.. answer.Branches.Select(From)],
            [.. answer.Undelivered.Select(Documents.From)],
            [.. answer.Heuristics.Select(Documents.From)],
            new SortedDictionary<string, string>(answer.FailedScans, StringComparer.Ordinal));
        run.Report.Write(document, Documents.Types.InDoubtDocument, text => Write(document, text));
        // A failed scan counts: what it would have found is not known.
        var found = answer.Branches.Any(branch => IsInDoubt(branch.Kind))
            || document.Undelivered.Count + document.Heuristics.Count + document.FailedScans.Count > 0;
        return failIfAny && found ? ExitCode.Found : ExitCode.Ok;
    }

    private static bool IsInDoubt(InDoubtKind kind) =>
        kind is not (InDoubtKind.Live or InDoubtKind.Foreign or InDoubtKind.NotOurs);

    private static InDoubtBranchDocument From(InDoubtBranch branch) => new(
        branch.Participant,
        branch.Raw,
        Documents.Text(branch.TransactionId),
        Documents.Text(branch.Branch),
        Documents.Name(branch.Kind),
        Documents.Text(branch.WhatHappens),
        Documents.Moment(branch.PreparedAt));

    private static void Write(InDoubtDocument document, IText text)
    {
        if (document.Branches.Count + document.Undelivered.Count + document.Heuristics.Count + document.FailedScans.Count == 0)
        {
            text.Line(new Cell("Nothing is in doubt.", Tone.Good));
            return;
        }

        if (document.Branches.Count > 0)
            WriteBranches(document.Branches, text);
        if (document.Undelivered.Count > 0)
            Tables.Transactions(text, "Decided, and not yet delivered", document.Undelivered);
        Tables.Heuristics(text, document.Heuristics);
        if (document.FailedScans.Count > 0)
        {
            text.Table(
                "Databases that could not be scanned: nothing is concluded for them",
                ["Participant", "Why"],
                [.. document.FailedScans.Select(pair => (IReadOnlyList<Cell>)[pair.Key, new Cell(pair.Value, Tone.Bad)])]);
        }
    }

    private static void WriteBranches(IReadOnlyList<InDoubtBranchDocument> branches, IText text) =>
        text.Table(
            "Prepared branches",
            ["Participant", "Transaction", "Branch", "Kind", "Prepared", "What happens"],
            [.. branches.Select(branch => (IReadOnlyList<Cell>)
            [
                branch.Participant,
                // What is no id of a coordinator has only the database's own.
                branch.TransactionId ?? branch.Raw,
                branch.Branch,
                Tones.Of(branch.Kind),
                branch.PreparedAt,
                branch.WhatHappens,
            ])]);
}
