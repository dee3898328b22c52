using System.CommandLine;
using System.CommandLine.Parsing;
using Coordinator.Lab.Experiments;
using Coordinator.Lab.Experiments.CannotPrepare;
using Coordinator.Lab.Experiments.Choose;
using Coordinator.Lab.Experiments.CoordinatorKilled;
using Coordinator.Lab.Experiments.Locks;
using Coordinator.Lab.Experiments.SagaAnomalies;
using Coordinator.Lab.Experiments.SlowParticipant;
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
            KilledCommand(run),
            SlowCommand(run),
            AnomaliesCommand(run),
            CannotPrepareCommand(run),
            ChooseCommand(run),
            AllCommand(run),
            SagaWorker.Create(output),
            StoreWorker.Create(output),
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

    private static Command KilledCommand(LabRun run)
    {
        var defaults = new KilledParameters();
        var before = LabOptions.Seconds("--before", "Work before the kill.", defaults.Before);
        var down = LabOptions.Seconds("--down", "Between kill and restart.", defaults.Down);
        var after = LabOptions.Seconds("--after", "Work after the last lock is gone.", defaults.After);
        var clients = LabOptions.Number("--clients", "Clients that place orders.", defaults.Clients, 1, 20);
        var seed = LabOptions.Seed();
        return LabOptions.Command("coordinator-killed", "2: what the others feel while the coordinator is dead.", run, [before, down, after, clients, seed], parsed =>
            _ => new KilledExperiment(new KilledParameters
            {
                Before = parsed.GetValue(before),
                Down = parsed.GetValue(down),
                After = parsed.GetValue(after),
                Clients = parsed.GetValue(clients),
                Seed = parsed.GetValue(seed),
            }));
    }

    private static Command SlowCommand(LabRun run)
    {
        var defaults = new SlowParameters();
        var seconds = LabOptions.Seconds("--seconds", "How long each condition lasts.", defaults.Seconds);
        var answer = LabOptions.Seconds("--answer", "How long the slow database takes for an answer.", defaults.Answer);
        var tight = LabOptions.Seconds("--tight", "The tight limit of transactions and of waiting for a row.", defaults.Tight);
        var loose = LabOptions.Seconds("--loose", "The loose one.", defaults.Loose);
        var seed = LabOptions.Seed();
        var command = LabOptions.Command("slow-participant", "3: one database is slow, hangs or is down.", run, [seconds, answer, tight, loose, seed], parsed =>
            _ => new SlowExperiment(new SlowParameters
            {
                Seconds = parsed.GetValue(seconds),
                Answer = parsed.GetValue(answer),
                Tight = parsed.GetValue(tight),
                Loose = parsed.GetValue(loose),
                Seed = parsed.GetValue(seed),
            }));
        command.Validators.Add(result =>
        {
            // An option that was not given has no value yet when validators run.
            var (low, high) = (Given(result, tight, defaults.Tight), Given(result, loose, defaults.Loose));
            if (!result.Errors.Any() && low >= high)
                result.AddError("--tight must be below --loose.");
        });
        return command;
    }

    private static double Given(CommandResult result, Option<double> option, double otherwise) =>
        result.GetResult(option) is { Implicit: false } ? result.GetValue(option) : otherwise;

    private static Command AnomaliesCommand(LabRun run)
    {
        var defaults = new AnomaliesParameters();
        var seconds = LabOptions.Seconds("--seconds", "How long each way runs.", defaults.Seconds);
        var clients = LabOptions.Number("--clients", "Clients that buy.", defaults.Clients, 2, 20);
        var stock = LabOptions.Number("--stock", "Units of each product.", defaults.Stock, 1, 1000);
        var declined = LabOptions.Number("--declined-one-in", "One customer in so many has no money.", defaults.DeclinedOneIn, 2, 40);
        var seed = LabOptions.Seed();
        return LabOptions.Command("saga-anomalies", "4: what others see of a saga, and of a two-phase commit.", run, [seconds, clients, stock, declined, seed], parsed =>
            _ => new AnomaliesExperiment(new AnomaliesParameters
            {
                Seconds = parsed.GetValue(seconds),
                Clients = parsed.GetValue(clients),
                Stock = parsed.GetValue(stock),
                DeclinedOneIn = parsed.GetValue(declined),
                Seed = parsed.GetValue(seed),
            }));
    }

    private static Command CannotPrepareCommand(LabRun run)
    {
        var orders = LabOptions.Number("--orders", "Orders without a kill, by which each strategy's window is measured.", new CannotPrepareParameters().Orders, 1, 10_000);
        return LabOptions.Command("cannot-prepare", "5: an order's message to a store that cannot prepare, killed at each step.", run, [orders], parsed =>
            _ => new CannotPrepareExperiment(new CannotPrepareParameters { Orders = parsed.GetValue(orders) }));
    }

    private static Command ChooseCommand(LabRun run)
    {
        var seed = LabOptions.Seed();
        var command = new Command("choose", "6: when to choose what, from figures measured for it: runs the others briefly.") { seed };
        LabOptions.AddRun(command, run, parsed => All(quick: true, parsed.GetValue(seed)));
        return command;
    }

    private static Command AllCommand(LabRun run)
    {
        var quick = new Option<bool>("--quick") { Description = "Under three minutes: directions, no figures to quote." };
        var seed = LabOptions.Seed();
        var command = new Command("all", "All six, one after the other.") { quick, seed };
        LabOptions.AddRun(command, run, parsed => All(parsed.GetValue(quick), parsed.GetValue(seed)));
        return command;
    }

    /// <summary>All six.</summary>
    public static IReadOnlyList<Func<IReadOnlyList<ExperimentResult>, IExperiment>> All(bool quick, int seed) => quick
        ?
        [
            _ => new LocksExperiment(new LocksParameters { Products = [1, 10, 100], Delays = [0, 5, 20], Seconds = 0.7, Seed = seed }),
            _ => new KilledExperiment(new KilledParameters { Before = 2, Down = 2.5, After = 1, Seed = seed }),
            _ => new SlowExperiment(new SlowParameters { Seconds = 2, Tight = 1, Loose = 4, Seed = seed }),
            _ => new AnomaliesExperiment(new AnomaliesParameters { Seconds = 2, Seed = seed }),
            _ => new CannotPrepareExperiment(new CannotPrepareParameters { Orders = 15 }),
            results => new ChooseExperiment(results),
        ]
        :
        [
            _ => new LocksExperiment(new LocksParameters { Seed = seed }),
            _ => new KilledExperiment(new KilledParameters { Seed = seed }),
            _ => new SlowExperiment(new SlowParameters { Seed = seed }),
            _ => new AnomaliesExperiment(new AnomaliesParameters { Seed = seed }),
            _ => new CannotPrepareExperiment(new CannotPrepareParameters()),
            results => new ChooseExperiment(results),
        ];
}
