using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl in-doubt</c></summary>
internal static class InDoubtCommand
{
    private const int DefaultLimit = 1_000, MaxLimit = 100_000, PageSize = 500;

    public static Command Create(Runner runner)
    {
        var failIfAny = new Option<bool>("--fail-if-any")
        {
            Description = "Exit with 4 if anything is in doubt. Live, foreign and not-ours branches do not count",
        };
        var limit = new Option<int>("--limit")
        {
            Description = $"At most this many lines, 1 to {MaxLimit}",
            HelpName = "n",
            DefaultValueFactory = _ => DefaultLimit,
        };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var n) || n is < 1 or > MaxLimit))
                result.AddError($"--limit is 1 to {MaxLimit}.");
        });
        var command = new Command(
            "in-doubt", "Every prepared branch in every database, what it is, and what will happen to it.")
        {
            failIfAny,
            limit,
        };
        return runner.Runs(
            command,
            run => RunAsync(run, run.Arguments.GetValue(failIfAny), run.Arguments.GetValue(limit)),
            details: """
            Kinds: live (its transaction goes on), to-commit and to-roll-back (will be done by the coordinator),
            quarantined (its records may be gone: an operator decides), foreign (another cluster's), not-ours.

            Example, for monitoring:
              coordctl in-doubt --fail-if-any -o json
            """);
    }

    private static async Task<int> RunAsync(Run run, bool failIfAny, int limit)
    {
        var (all, isFound, more) = await ReadAsync(run, failIfAny, limit);
        var document = new InDoubtDocument(
            Documents.Moment(all.AsOf),
            [.. all.Branches.Select(From)],
            [.. all.Undelivered.Select(Documents.From)],
            [.. all.Heuristics.Select(Documents.From)],
            new SortedDictionary<string, string>(all.FailedScans, StringComparer.Ordinal),
            more);
        run.Report.Write(document, Documents.Types.InDoubtDocument, text => InDoubtText.Write(document, text, limit));
        return failIfAny && isFound ? ExitCode.Found : ExitCode.Ok;
    }

    // Page by page, so that a database with a hundred thousand orphans can be looked at too. What counts for
    // --fail-if-any may stand on a page that is not shown.
    private static async Task<(ListInDoubtResponse All, bool IsFound, bool More)> ReadAsync(Run run, bool failIfAny, int limit)
    {
        var all = new ListInDoubtResponse();
        var isFound = false;
        var token = "";
        do
        {
            var request = new ListInDoubtRequest { PageSize = Math.Min(PageSize, limit), PageToken = token };
            var page = await run.AskAsync((operators, call) => operators.ListInDoubtAsync(request, call));
            all.AsOf ??= page.AsOf;
            Take(all.Branches, page.Branches);
            Take(all.Undelivered, page.Undelivered);
            Take(all.Heuristics, page.Heuristics);
            foreach (var (participant, why) in page.FailedScans)
                all.FailedScans[participant] = why;
            isFound |= IsInDoubt(page);
            token = page.NextPageToken;
        }
        while (token.Length > 0 && (Lines() < limit || (failIfAny && !isFound)));
        return (all, isFound, token.Length > 0 || Lines() > limit);

        int Lines() => all.Branches.Count + all.Undelivered.Count + all.Heuristics.Count;

        void Take<T>(ICollection<T> into, IEnumerable<T> from)
        {
            foreach (var item in from.Take(Math.Max(0, limit - Lines())))
                into.Add(item);
        }
    }

    // A failed scan counts: what it would have found is not known.
    private static bool IsInDoubt(ListInDoubtResponse page) =>
        page.Branches.Any(branch => branch.Kind is not (InDoubtKind.Live or InDoubtKind.Foreign or InDoubtKind.NotOurs))
        || page.Undelivered.Count + page.Heuristics.Count + page.FailedScans.Count > 0;

    private static InDoubtBranchDocument From(InDoubtBranch branch) => new(
        branch.Participant,
        branch.Raw,
        Documents.Text(branch.TransactionId),
        Documents.Text(branch.Branch),
        Documents.Name(branch.Kind),
        Documents.Text(branch.WhatHappens),
        Documents.Moment(branch.PreparedAt),
        Documents.Moment(branch.NextAt),
        Documents.Moment(branch.KnownSince),
        Documents.Text(branch.Settle));
}
