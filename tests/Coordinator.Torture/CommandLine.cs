using System.CommandLine;
using System.CommandLine.Parsing;
using Coordinator.Testing;
using Coordinator.Torture.Clients;
using Coordinator.Torture.Kills;

namespace Coordinator.Torture;

/// <summary>The program's options, and the hidden verb by which it starts itself as a client.</summary>
internal static class CommandLine
{
    private static readonly Option<int> Kills = new("--kills") { Description = "Processes and servers to kill in all (100).", DefaultValueFactory = _ => 100 };
    private static readonly Option<int> Seed = new("--seed") { Description = "Of the plan, the moments and the transfers (1).", DefaultValueFactory = _ => 1 };
    private static readonly Option<Group?> Only = new("--only") { Description = "Only kinds about this: coordinator, participant, client or database." };
    private static readonly Option<string?> Kinds = new("--kinds") { Description = $"Only these, with commas between: {string.Join(", ", KillKind.All.Select(kind => kind.Name))}." };
    private static readonly Option<int> Clients = new("--clients") { Description = "Client processes, of four transfers at once each (2).", DefaultValueFactory = _ => 2 };
    private static readonly Option<int> Round = new("--round") { Description = "Strikes after which everything is brought to rest and inspected (200).", DefaultValueFactory = _ => 200 };
    private static readonly Option<int> Seconds = new("--seconds") { Description = "Begin no further kill after this time (7200).", DefaultValueFactory = _ => 7200 };
    private static readonly Option<int> HealSeconds = new("--heal-seconds") { Description = "How long everything may take to come to rest (120).", DefaultValueFactory = _ => 120 };
    private static readonly Option<string> Output = new("--output", "-o") { Description = "text or json (text).", DefaultValueFactory = _ => "text" };
    private static readonly Option<bool> Keep = new("--keep") { Description = "Keep all outputs even if nothing is broken." };

    private static readonly Option<Uri> Coordinator = new("--coordinator") { Required = true, CustomParser = result => new Uri(Value(result)) };
    private static readonly Option<string[]> Sql = new("--sql") { Required = true, Description = "KIND=ADDRESS" };
    private static readonly Option<string> Report = new("--report") { Required = true };
    private static readonly Option<int> Workers = new("--workers") { Required = true };

    public static RootCommand Create(Func<TortureOptions, CancellationToken, Task<int>> run)
    {
        Output.AcceptOnlyFromAmong("text", "json");
        foreach (var count in new[] { Kills, Clients, Round, Seconds, HealSeconds, Workers })
            count.Validators.Add(AtLeastOne);
        var root = new RootCommand(
            "A bank over PostgreSQL, MariaDB and MySQL, while coordinator, participants, clients and database servers are killed with -9.")
        {
            Kills, Seed, Only, Kinds, Clients, Round, Seconds, HealSeconds, Output, Keep, ClientVerb(),
        };
        root.Validators.Add(result =>
        {
            var unknown = (result.GetValue(Kinds)?.Split(',') ?? []).Where(name => KillKind.All.All(kind => kind.Name != name)).ToArray();
            foreach (var name in unknown)
                result.AddError($"--kinds: there is no {name}.");
            if (unknown.Length == 0 && Chosen(result.GetValue(Only), result.GetValue(Kinds)).Count == 0)
                result.AddError("--only and --kinds leave nothing to kill.");
        });
        root.SetAction((result, stop) => run(Read(result), stop));
        return root;
    }

    private static Command ClientVerb()
    {
        var verb = new Command("client", "What the program starts itself as.") { Coordinator, Sql, Report, Seed, Workers };
        verb.Hidden = true;
        verb.SetAction((result, _) => ClientProcess.RunAsync(new ClientArguments(
            result.GetRequiredValue(Coordinator),
            result.GetRequiredValue(Sql).Select(text => text.Split('=', 2)).ToDictionary(pair => Enum.Parse<DatabaseKind>(pair[0]), pair => new Uri(pair[1])),
            result.GetRequiredValue(Report),
            result.GetValue(Seed),
            result.GetValue(Workers))));
        return verb;
    }

    private static TortureOptions Read(ParseResult result) => new(
        result.GetValue(Kills),
        result.GetValue(Seed),
        Chosen(result.GetValue(Only), result.GetValue(Kinds)),
        result.GetValue(Clients),
        result.GetValue(Round),
        TimeSpan.FromSeconds(result.GetValue(Seconds)),
        TimeSpan.FromSeconds(result.GetValue(HealSeconds)),
        result.GetValue(Output) == "json",
        result.GetValue(Keep));

    private static IReadOnlyList<KillKind> Chosen(Group? only, string? names) =>
        [.. KillKind.All.Where(kind => (only is null || kind.Group == only) && (names is null || names.Split(',').Contains(kind.Name)))];

    private static void AtLeastOne(OptionResult result)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var count) && count < 1)
            result.AddError($"{result.Option.Name} must be at least 1.");
    }

    private static string Value(ArgumentResult result) => result.Tokens.Single().Value;
}
