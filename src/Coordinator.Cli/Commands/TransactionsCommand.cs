using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl transactions</c></summary>
internal static class TransactionsCommand
{
    private const int DefaultLimit = 100, MaxLimit = 1_000;

    private static readonly Dictionary<string, TransactionState> States = Enum.GetValues<TransactionState>()
        .Where(state => state != TransactionState.Unspecified)
        .ToDictionary(state => Documents.Name(state)!);

    public static Command Create(Runner runner)
    {
        var states = new Option<string[]>("--state")
        {
            Description = $"Only these: {string.Join(", ", States.Keys)}; may repeat",
            HelpName = "state",
        };
        states.AcceptOnlyFromAmong([.. States.Keys]);
        var limit = new Option<int?>("--limit")
        {
            Description = $"At most this many, 1 to {MaxLimit} [default: {DefaultLimit}]",
            HelpName = "n",
        };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var n) || n is < 1 or > MaxLimit))
                result.AddError($"--limit is 1 to {MaxLimit}.");
        });
        var command = new Command("transactions", "Open transactions, and finished ones that are remembered, newest first.")
        {
            states,
            limit,
        };
        return runner.Runs(command, run => RunAsync(run, run.Arguments.GetValue(states) ?? [], run.Arguments.GetValue(limit) ?? DefaultLimit));
    }

    private static async Task<int> RunAsync(Run run, string[] states, int limit)
    {
        var request = new ListTransactionsRequest { Limit = limit, States = { states.Select(state => States[state]) } };
        var answer = await run.AskAsync((operators, call) => operators.ListTransactionsAsync(request, call));
        var document = new TransactionsDocument([.. answer.Transactions.Select(Documents.From)], answer.More);
        run.Report.Write(document, Documents.Types.TransactionsDocument, text =>
        {
            if (document.Transactions.Count == 0)
                text.Line("No transactions.");
            else
                Tables.Transactions(text, title: "", document.Transactions);
            if (document.More)
                text.Line($"There are more than {limit}; raise --limit or narrow with --state.");
        });
        return ExitCode.Ok;
    }
}
