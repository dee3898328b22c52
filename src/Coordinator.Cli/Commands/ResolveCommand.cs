using System.CommandLine;
using Coordinator.Cli.Output;
using Coordinator.Contracts.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordctl resolve</c></summary>
internal static class ResolveCommand
{
    private const string Details = """
        A branch settled against its transaction's decision leaves the databases inconsistent for good; do that only to
        free locks that cannot wait. On a terminal it asks first.

        Examples:
          coordctl resolve k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef --rollback --reason "log lost, ticket 4711"
          coordctl resolve k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef --branch inventory.4f7c01ab --commit --reason "as payments"
        """;

    public static Command Create(Runner runner)
    {
        var id = Symbols.Id();
        var branch = CreateBranch();
        var commit = new Option<bool>("--commit") { Description = "Commit it" };
        var rollback = new Option<bool>("--rollback") { Description = "Roll it back" };
        var reason = Symbols.Reason();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command(
            "resolve", "Settles a transaction that is in doubt, or one of its branches, by hand.")
        {
            id,
            branch,
            commit,
            rollback,
            reason,
            yes,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(commit) == result.GetValue(rollback))
                result.AddError("Say one of --commit and --rollback.");
        });
        return runner.Runs(
            command,
            run => RunAsync(run, asksFirst: !run.Arguments.GetValue(yes), new ResolveRequest
            {
                TransactionId = run.Arguments.GetRequiredValue(id),
                Branch = run.Arguments.GetValue(branch) ?? "",
                Action = run.Arguments.GetValue(commit)
                    ? ResolveRequest.Types.Action.Commit
                    : ResolveRequest.Types.Action.Rollback,
                Reason = run.Arguments.GetRequiredValue(reason),
            }),
            changes: true,
            Details);
    }

    private static Option<string> CreateBranch()
    {
        var branch = new Option<string>("--branch")
        {
            Description = "Only this branch, even against the decision",
            HelpName = "participant.instance",
        };
        branch.Validators.Add(result =>
        {
            var text = result.Tokens.SingleOrDefault()?.Value ?? "";
            if (!BranchName.TryParse(text, out _))
                result.AddError($"'{text}' is not a branch; these look like inventory.4f7c01ab.");
        });
        return branch;
    }

    private static async Task<int> RunAsync(Run run, bool asksFirst, ResolveRequest request)
    {
        if (asksFirst && run.Terminal.InIsTerminal && !await ConfirmAsync(run, request))
        {
            run.Terminal.Error.WriteLine("Nothing was done.");
            return ExitCode.Failed;
        }

        var answer = await run.AskAsync((operators, call) => operators.ResolveAsync(request, call));
        var document = new ResolvedDocument(
            request.TransactionId, Documents.Name(answer.Outcome), Documents.From(answer.Branches));
        run.Report.Write(document, Documents.Types.ResolvedDocument, text =>
        {
            text.Fields([("Transaction", document.TransactionId), ("Outcome", Tones.Of(document.Outcome))]);
            if (document.Branches.Count > 0)
                Tables.Branches(text, "Branches", document.Branches);
        });
        return ExitCode.Ok;
    }

    private static async Task<bool> ConfirmAsync(Run run, ResolveRequest request)
    {
        var what = request.Branch.Length > 0
            ? $"branch {request.Branch} of transaction {request.TransactionId}, whatever was decided"
            : $"transaction {request.TransactionId}";
        var action = request.Action == ResolveRequest.Types.Action.Commit ? "Commit" : "Roll back";
        // On stderr, so that a result that goes to a file stays a result.
        await run.Terminal.Error.WriteAsync($"{action} {what}? This cannot be undone. Type yes: ");
        await run.Terminal.Error.FlushAsync(run.Interrupted);
        var answer = await run.Terminal.In.ReadLineAsync(run.Interrupted);
        return string.Equals(answer?.Trim(), "yes", StringComparison.OrdinalIgnoreCase);
    }
}
