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
        command.Subcommands.Add(CrashPointsCommand(threads));
        command.SetAction(parsed =>
        {
            using var runner = new Runner((ulong)parsed.GetValue(first), parsed.GetValue(seeds), parsed.GetValue(threads), parsed.GetValue(transcript));
            return runner.Run();
        });
        return command.Parse(args).Invoke();
    }

    private static Command CrashPointsCommand(Option<int> threads)
    {
        var branches = new Option<int>("--branches") { Description = "How many branches the transaction has: 2 or 3.", DefaultValueFactory = _ => 2 };
        var initiated = new Option<bool>("--initiated") { Description = "The transaction is an application's that hosts its participants." };
        var pairs = new Option<bool>("--pairs") { Description = "After each crash, one more at each step that follows." };
        var seed = new Option<long>("--seed") { Description = "Which order of the steps.", DefaultValueFactory = _ => 1 };
        branches.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (2 or 3))
                result.AddError("--branches must be 2 or 3.");
        });
        var command = new Command("crash-points", "Kills each process and database at each of its steps, in one small transaction.") { branches, initiated, pairs, seed, threads };
        command.SetAction(parsed => new CrashPoints(
            parsed.GetValue(branches), parsed.GetValue(initiated), parsed.GetValue(pairs), (ulong)parsed.GetValue(seed), parsed.GetValue(threads)).Run());
        return command;
    }
}
