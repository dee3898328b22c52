using System.CommandLine;
using System.Globalization;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Logs;
using Coordinator.Benchmarks.Mix;
using Coordinator.Benchmarks.Recovery;
using Coordinator.Benchmarks.Rpc;
using Coordinator.Benchmarks.Scale;
using Coordinator.Benchmarks.TwoPhase;

namespace Coordinator.Benchmarks;

/// <summary>The commands and their options.</summary>
internal static class CommandLine
{
    private static readonly Option<double> Seconds = new("--seconds") { Description = "How long each point is measured, in all rounds together (10).", DefaultValueFactory = _ => 10 };
    private static readonly Option<int> Rounds = new("--rounds") { Description = "Pieces of a point, between which the other cases have their turn (5).", DefaultValueFactory = _ => 5 };
    private static readonly Option<string> Workers = new("--workers") { Description = "How many work at the same time, with commas between (1,8,32).", DefaultValueFactory = _ => "1,8,32" };
    private static readonly Option<string?> Cases = new("--case") { Description = "Only these, with commas between." };
    private static readonly Option<string> Databases = new("--databases") { Description = $"With commas between ({string.Join(',', ServerPair.Names)}).", DefaultValueFactory = _ => string.Join(',', ServerPair.Names) };
    private static readonly Option<string?> Json = new("--json") { Description = "Writes the rows to this file, as JSON." };
    private static readonly Option<string?> Chart = new("--chart") { Description = "Draws a chart into this file, as SVG." };

    private static readonly Option<string> Undelivered = new("--undelivered") { Description = "Undelivered decisions, with commas between (0,10000,100000).", DefaultValueFactory = _ => "0,10000,100000" };
    private static readonly Option<int> Prepared = Count("--prepared", 10_000, "Branches that are prepared and decided");
    private static readonly Option<int> Open = Count("--open", 10_000, "Transactions that are open at once");
    private static readonly Option<int> Transactions = Count("--transactions", 1_000_000, "Transactions that end");

    static CommandLine()
    {
        // At the options: a command's own validators are not asked for its subcommands.
        Check(Seconds, text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds > 0, "must be above 0");
        Check(Workers, text => List(text).All(each => IsCount(each) && int.Parse(each, CultureInfo.InvariantCulture) is >= 1 and <= OrderDatabase.MaxWorkers), $"takes numbers from 1 to {OrderDatabase.MaxWorkers}, with commas between");
        Check(Databases, text => !List(text).Except(ServerPair.Names).Any(), $"takes {string.Join(" and ", ServerPair.Names)}, with a comma between");
        Check(Undelivered, text => List(text).All(IsCount), "takes numbers, with commas between");
        foreach (var count in (Option[])[Rounds, Prepared, Open, Transactions])
            Check(count, text => IsCount(text) && text.Any(digit => digit != '0'), "must be at least 1");
    }

    public static RootCommand Create(TextWriter output)
    {
        foreach (var option in (Option[])[Seconds, Rounds, Workers, Cases, Databases, Json, Chart])
            option.Recursive = true;
        var root = new RootCommand("Measures what a coordinator costs, against the same work by hand, on private real servers.")
        {
            Seconds, Rounds, Workers, Cases, Databases, Json, Chart,
        };
        Add("two-phase", "Two rows in two databases, by every way, and by hand.", CaseCatalog.Names, TwoPhaseCommand.RunAsync);
        Add("log", "Decisions a second of the log, against SQLite alone and against forcing a file.", LogCommand.Names, LogCommand.RunAsync);
        Add("grpc", "Calls and stream messages a second against a service that does nothing.", RpcCommand.Names, RpcCommand.RunAsync);
        Add("mix", "Transactions that only read or have one branch, against the same by hand.", [], MixCommand.RunAsync);
        Add("recovery", "Starts of a coordinator with undelivered decisions and prepared branches.", RecoveryCommand.Names, RecoveryCommand.RunAsync, Undelivered, Prepared);
        Add("scale", "Memory of open transactions; log and memory after many finished ones.", ScaleCommand.Names, ScaleCommand.RunAsync, Open, Transactions);
        var echo = new Command(EchoServer.Verb, "What the program starts itself as.") { Hidden = true };
        echo.SetAction((_, _) => EchoServer.RunAsync());
        root.Subcommands.Add(echo);
        return root;

        void Add(string name, string description, IReadOnlyList<string> cases, Func<BenchmarkOptions, Task<int>> run, params Option[] own)
        {
            var command = new Command(name, cases.Count == 0 ? description : $"{description} Cases: {string.Join(", ", cases)}.");
            foreach (var option in own)
                command.Options.Add(option);
            command.Validators.Add(result =>
            {
                foreach (var unknown in List(result.GetValue(Cases)).Except(cases))
                    result.AddError($"--case: {name} has no {unknown}; it has {string.Join(", ", cases)}.");
            });
            command.SetAction((result, _) => run(Read(result) with { Output = output }));
            root.Subcommands.Add(command);
        }
    }

    private static BenchmarkOptions Read(ParseResult result) => new()
    {
        PointLength = TimeSpan.FromSeconds(result.GetValue(Seconds)),
        Rounds = result.GetValue(Rounds),
        Workers = [.. List(result.GetValue(Workers)).Select(text => int.Parse(text, CultureInfo.InvariantCulture))],
        Cases = List(result.GetValue(Cases)),
        Databases = List(result.GetValue(Databases)),
        Undelivered = [.. List(result.GetValue(Undelivered)).Select(text => int.Parse(text, CultureInfo.InvariantCulture))],
        Prepared = result.GetValue(Prepared),
        Open = result.GetValue(Open),
        Transactions = result.GetValue(Transactions),
        Json = result.GetValue(Json),
        Chart = result.GetValue(Chart),
    };

    private static Option<int> Count(string name, int standard, string what) => new(name)
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"{what} ({standard})."),
        DefaultValueFactory = _ => standard,
    };

    private static void Check(Option option, Func<string, bool> isRight, string rule) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count == 1 && !isRight(result.Tokens[0].Value))
            result.AddError($"{option.Name} {rule}.");
    });

    private static bool IsCount(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static string[] List(string? text) =>
        text?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
