using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl show</c></summary>
internal static class ShowCommand
{
    public static Command Create(Runner runner)
    {
        var id = Symbols.Id();
        var command = new Command("show", "One transaction, its branches, and what is known of each.") { id };
        return runner.Runs(command, run => RunAsync(run, run.Arguments.GetRequiredValue(id)));
    }

    private static async Task<int> RunAsync(Run run, string id)
    {
        var request = new ShowTransactionRequest { TransactionId = id };
        var answer = await run.AskAsync((operators, call) => operators.ShowTransactionAsync(request, call));
        var document = new ShowDocument(
            Documents.From(answer.Transaction), [.. answer.Heuristics.Select(Documents.From)]);
        run.Report.Write(document, Documents.Types.ShowDocument, text => Write(document, text));
        return ExitCode.Ok;
    }

    private static void Write(ShowDocument document, IText text)
    {
        var transaction = document.Transaction;
        var fields = new List<(string Name, Cell Value)>
        {
            ("Transaction", transaction.Id),
            ("Name", transaction.Name),
            ("State", Tones.Of(transaction.State)),
            ("Outcome", Tones.Of(transaction.Outcome)),
            ("Reason", transaction.Reason),
            ("Begun", transaction.BegunAt),
            ("Deadline", transaction.Deadline),
        };
        text.Fields([.. fields.Where(field => field.Value.Text.Length > 0)]);
        if (transaction.Branches.Count == 0)
            text.Line("No branches.");
        else
            Tables.Branches(text, "Branches", transaction.Branches);
        Tables.Heuristics(text, document.Heuristics);
    }
}
