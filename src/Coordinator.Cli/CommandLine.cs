using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Coordinator.Cli.Commands;
using Coordinator.Cli.Output;

namespace Coordinator.Cli;

/// <summary>
/// The commands of <c>coordctl</c>. Each asks the coordinator once, over gRPC, and shows the answer; what is decided is
/// the coordinator's to decide. Those of <c>log</c> look at a log that no coordinator has open.
/// </summary>
public static class CommandLine
{
    private const string Details = """
        Examples:
          coordctl status
          coordctl transactions --state in-doubt --state committing
          coordctl in-doubt -o json | jq '.branches[] | select(.kind == "quarantined")'
          coordctl resolve k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef --rollback --reason "ticket 4711"

        Exit codes:
          0 done   1 refused, failed or damaged   2 wrong usage   3 coordinator unavailable, or log in use
          4 in-doubt --fail-if-any found something
        """;

    /// <summary>Runs one command line and returns its <see cref="ExitCode"/>.</summary>
    public static async Task<int> RunAsync(string[] args, Terminal terminal)
    {
        var options = new GlobalOptions(terminal.Variable);
        var parsed = Create(options, terminal).Parse(args);
        if (parsed.Action is ParseErrorAction)
            return ReportUsage(parsed, terminal);
        var configuration = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
        };
        return await parsed.InvokeAsync(configuration);
    }

    private static RootCommand Create(GlobalOptions options, Terminal terminal)
    {
        var help = new DetailedHelp();
        var runner = new Runner(options, help, terminal);
        var root = new RootCommand("Shows the transactions of a coordinator, and settles those that are in doubt.")
        {
            StatusCommand.Create(runner),
            ParticipantsCommand.Create(runner),
            TransactionsCommand.Create(runner),
            ShowCommand.Create(runner),
            WatchCommand.Create(runner),
            InDoubtCommand.Create(runner),
            ResolveCommand.Create(runner),
            ForgetCommand.Create(runner),
            LogCommand.Create(runner),
        };
        options.AddTo(root);
        help.Add(root, Details);
        help.Replace(root);
        return root;
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult above ? $"{PathOf(above)} {result.Command.Name}" : "coordctl";

    private static int ReportUsage(ParseResult parsed, Terminal terminal)
    {
        var path = PathOf(parsed.CommandResult);
        var asJson = parsed.Tokens.Select(token => token.Value)
            .Zip(parsed.Tokens.Select(token => token.Value).Skip(1).Append(""))
            .Any(pair => pair is ("-o" or "--output", "json"));
        var message = string.Join(' ', parsed.Errors.Select(error => error.Message).Distinct());
        new ErrorDocument("usage", Reason: null, message, Hint: $"See: {path} --help").WriteTo(terminal.Error, asJson);
        return ExitCode.Usage;
    }
}
