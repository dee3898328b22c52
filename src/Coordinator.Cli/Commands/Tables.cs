using Coordinator.Cli.Output;

namespace Coordinator.Cli.Commands;

/// <summary>Tables that several commands show.</summary>
internal static class Tables
{
    public static void Transactions(IText text, string title, IReadOnlyList<TransactionDocument> transactions) =>
        text.Table(
            title,
            ["Id", "Name", "State", "Outcome", "Branches", "Begun", "Reason"],
            [.. transactions.Select(transaction => (IReadOnlyList<Cell>)
            [
                transaction.Id,
                transaction.Name,
                Tones.Of(transaction.State),
                Tones.Of(transaction.Outcome),
                transaction.Branches.Count,
                transaction.BegunAt,
                transaction.Reason,
            ])]);

    public static void Branches(IText text, string title, IReadOnlyList<BranchDocument> branches)
    {
        // Only what is being told again has a next attempt.
        var isRetried = branches.Any(branch => branch.NextAttemptAt is not null);
        string[] headers = isRetried ? ["Branch", "State", "Attempts", "Next attempt", "Detail"] : ["Branch", "State", "Attempts", "Detail"];
        text.Table(title, headers, [.. branches.Select(branch => (IReadOnlyList<Cell>)(isRetried
            ? [branch.Name, Tones.Of(branch.State), branch.Attempts, branch.NextAttemptAt, branch.Detail]
            : [branch.Name, Tones.Of(branch.State), branch.Attempts, branch.Detail]))]);
    }

    public static void Heuristics(IText text, IReadOnlyList<HeuristicDocument> heuristics)
    {
        if (heuristics.Count == 0)
            return;
        text.Table(
            "Heuristic outcomes",
            ["Transaction", "Branch", "Decided", "Found", "At", "Detail"],
            [.. heuristics.Select(heuristic => (IReadOnlyList<Cell>)
            [
                heuristic.TransactionId,
                heuristic.Branch,
                heuristic.Decided,
                new Cell(heuristic.Found, Tone.Bad),
                heuristic.At,
                heuristic.Detail,
            ])]);
    }
}
