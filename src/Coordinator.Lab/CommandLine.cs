using System.CommandLine;
using Coordinator.Lab.Experiments.Locks;
using Spectre.Console;

namespace Coordinator.Lab;

/// <summary>The lab's commands: one an experiment, with its parameters as flags, and all of them.</summary>
internal static class CommandLine
{
    public static RootCommand Create(IAnsiConsole console, TextWriter output, TimeProvider time)
    {
        var run = new LabRun(console, output, time);
        return new RootCommand("Shows what two-phase commit costs, and what a saga costs instead, on private real databases.")
        {
            LocksCommand(run),
        };
    }

    private static Command LocksCommand(LabRun run)
    {
        var defaults = new LocksParameters();
        var products = LabOptions.Numbers("--products", "Over how many products orders are spread; several, 1 to 1000.", defaults.Products, 1, 1000);
        var delays = LabOptions.Numbers("--delay", "Milliseconds one way between coordinator and participants; several, 0 to 500.", defaults.Delays, 0, 500);
        var delayProducts = LabOptions.Number("--delay-products", "Products while the delay varies.", defaults.DelayProducts, 1, 1000);
        var seconds = LabOptions.Seconds("--seconds", "How long each point is measured.", defaults.Seconds);
        var clients = LabOptions.Number("--clients", "Clients at once.", defaults.Clients, 1, 40);
        var seed = LabOptions.Seed();
        return LabOptions.Command("locks", "1: throughput and locked rows, by contention and by distance.", run, [products, delays, delayProducts, seconds, clients, seed], parsed =>
            _ => new LocksExperiment(new LocksParameters
            {
                Products = parsed.GetValue(products)!,
                Delays = parsed.GetValue(delays)!,
                DelayProducts = parsed.GetValue(delayProducts),
                Seconds = parsed.GetValue(seconds),
                Clients = parsed.GetValue(clients),
                Seed = parsed.GetValue(seed),
            }));
    }
}
