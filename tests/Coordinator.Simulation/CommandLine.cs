using System.CommandLine;

namespace Coordinator.Simulation;

/// <summary>The program's options.</summary>
internal static class CommandLine
{
    public static int Run(string[] args)
    {
        var seeds = new Option<long>("--seeds") { Description = "How many schedules to run.", DefaultValueFactory = _ => 1_000 };
        var first = new Option<long>("--first") { Description = "The first seed; the others follow it.", DefaultValueFactory = _ => 1 };
        var transcript = new Option<bool>("--transcript") { Description = "Print what happens in the first schedule, line by line." };
        var threads = new Option<int>("--threads") { Description = "Schedules at once; each runs on one thread.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new RootCommand("Runs the coordinator in simulated worlds full of faults, and checks that no transaction is split.")
        {
            seeds, first, transcript, threads,
        };
        foreach (var (option, least) in new (Option<long>, long)[] { (seeds, 1), (first, 0) })
        {
            option.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<long>() < least)
                    result.AddError($"{option.Name} must be at least {least}.");
            });
        }

        threads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 256)
                result.AddError("--threads must be from 1 to 256.");
        });
        command.SetAction(parsed => new Runner(
            (ulong)parsed.GetValue(first), parsed.GetValue(seeds), parsed.GetValue(threads), parsed.GetValue(transcript)).Run());
        return command.Parse(args).Invoke();
    }
}
