using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl forget</c></summary>
internal static class ForgetCommand
{
    public static Command Create(Runner runner)
    {
        var id = Symbols.Id();
        var reason = Symbols.Reason();
        var command = new Command("forget", "Stops showing a transaction's heuristic outcomes, once they are dealt with.")
        {
            id,
            reason,
        };
        return runner.Runs(
            command,
            run => RunAsync(run, new ForgetRequest
            {
                TransactionId = run.Arguments.GetRequiredValue(id),
                Reason = run.Arguments.GetRequiredValue(reason),
            }),
            changes: true,
            """
            Example:
              coordctl forget k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef --reason "booked by hand, ticket 4711"
            """);
    }

    private static async Task<int> RunAsync(Run run, ForgetRequest request)
    {
        var answer = await run.AskAsync((operators, call) => operators.ForgetAsync(request, call));
        var document = new ForgottenDocument(request.TransactionId, answer.Forgotten);
        run.Report.Write(document, Documents.Types.ForgottenDocument, text => text.Line(
            document.Forgotten == 0
                ? $"Transaction {document.TransactionId} has no heuristic outcomes that are still shown."
                : $"Heuristic outcomes of transaction {document.TransactionId} that are shown no more: {document.Forgotten}."));
        return ExitCode.Ok;
    }
}
