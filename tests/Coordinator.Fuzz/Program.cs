using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Coordinator.Fuzz;

var seed = new Option<long?>("--seed") { Description = "From which every call is drawn; random if not given" };
var requests = new Option<long>("--requests") { Description = "Ends after so many calls", DefaultValueFactory = _ => 10_000 };
var episode = new Option<long?>("--episode") { Description = "Only this one, with every call written out: replays a finding" };
var workers = new Option<int>("--workers") { Description = "Episodes at once", DefaultValueFactory = _ => 16 };
var command = new RootCommand("Fuzzes every method of every service of the contract.") { seed, requests, episode, workers };
command.SetAction(async (arguments, _) =>
{
    var options = new FuzzOptions
    {
        Seed = arguments.GetValue(seed) ?? Stopwatch.GetTimestamp() % 1_000_000_000,
        Requests = arguments.GetValue(requests),
        Episode = arguments.GetValue(episode),
        Workers = arguments.GetValue(workers),
    };
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {options.Seed}"));
    var started = Stopwatch.GetTimestamp();
    var tally = await FuzzRun.RunAsync(options, Console.Out);
    Console.WriteLine(tally.Table());
    foreach (var finding in tally.Findings)
        Console.WriteLine(finding.ToText(options.Seed));
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"fuzz: calls={tally.Requests} seed={options.Seed} seconds={Stopwatch.GetElapsedTime(started).TotalSeconds:F0} violations={tally.Findings.Count}"));
    return tally.Findings.Count == 0 ? 0 : 1;
});
return await command.Parse(args).InvokeAsync();
