using Coordinator.Cli.Output;
using Coordinator.Client;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl watch</c></summary>
internal static class WatchCommand
{
    public static Command Create(Runner runner)
    {
        var id = Symbols.Id();
        var command = new Command(
            "watch",
            "Follows one transaction until it is over. With -o json, one document a line for each change.")
        {
            id,
        };
        return runner.Runs(command, run => RunAsync(run, TransactionId.Parse(run.Arguments.GetRequiredValue(id))));
    }

    private static async Task<int> RunAsync(Run run, TransactionId id)
    {
        await foreach (var transaction in run.Coordinator.WatchAsync(id, run.Interrupted))
        {
            var document = From(transaction);
            run.Report.Write(document, Documents.Types.TransactionDocument, text => text.Line(Line(document)));
        }

        return ExitCode.Ok;
    }

    private static TransactionDocument From(TransactionDescription transaction) => new(
        transaction.Id.Value,
        Documents.Text(transaction.Name),
        Documents.Name(transaction.State),
        Documents.Name(transaction.Outcome),
        Documents.Text(transaction.Reason),
        transaction.BegunAt,
        transaction.Deadline,
        [.. transaction.Branches.Select(branch => new BranchDocument(
            branch.Name, Documents.Name(branch.State), Documents.Text(branch.Detail), branch.Attempts, NextAttemptAt: null))]);

    private static Cell Line(TransactionDocument transaction)
    {
        var branches = string.Join(", ", transaction.Branches.Select(branch => $"{branch.Name} {branch.State}"));
        var parts = new[] { transaction.State, transaction.Reason, branches }.Where(part => !string.IsNullOrEmpty(part));
        return new Cell(string.Join(" | ", parts), Tones.Of(transaction.State).Tone);
    }
}
