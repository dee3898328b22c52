using Coordinator.Lab.Measure;
using Coordinator.Lab.Report;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Experiments.CannotPrepare;

/// <summary>Where an order is to be seen.</summary>
/// <param name="Order">In the orders database.</param>
/// <param name="Reservation">In the inventory.</param>
/// <param name="Copies">How often its message came to the store.</param>
internal sealed record Presence(bool Order, bool Reservation, int Copies)
{
    /// <summary>All of it, or nothing.</summary>
    public bool IsWhole => Order == Reservation && Order == Copies > 0;

    public string Describe() => (Order, Reservation, Copies > 0) switch
    {
        (false, false, false) => "nothing anywhere",
        (true, true, true) => Copies > 1 ? "everywhere (message came twice)" : "everywhere",
        (false, false, true) => "message without order",
        (true, true, false) => "order without message",
        _ => "in one database only",
    };
}

/// <summary>A kill after a step: what could be seen, and what when a new process had finished what it could.</summary>
internal sealed record KillResult(string Step, Presence AtKill, Presence AfterRestart);

/// <summary>One strategy.</summary>
/// <param name="Strategy">Which.</param>
/// <param name="WindowMs">Without a kill: how long one side had an order and the other had not.</param>
/// <param name="Kills">One a step.</param>
/// <param name="Split">Orders in one database alone when all was at rest.</param>
internal sealed record StrategyResult(Strategy Strategy, Distribution WindowMs, IReadOnlyList<KillResult> Kills, int Split)
{
    /// <summary>Kills after which order and message stayed apart for good.</summary>
    public int ApartForGood => Kills.Count(kill => !kill.AfterRestart.IsWhole);

    /// <summary>Kills after which they were apart until a new process had started.</summary>
    public int ApartMeanwhile => Kills.Count(kill => !kill.AtKill.IsWhole);
}

/// <summary>Experiment 5's result.</summary>
internal sealed record CannotPrepareResult(CannotPrepareParameters Parameters, IReadOnlyList<StrategyResult> Strategies) : ExperimentResult
{
    public override int Split => Strategies.Sum(strategy => strategy.Split);

    public StrategyResult Of(Strategy strategy) => Strategies.First(result => result.Strategy == strategy);

    public override Section Describe() => new(
        5,
        "cannot-prepare",
        "A store that cannot prepare",
        "An order must also reach a store without prepared transactions: a message broker, a document store, here a SQLite file. What can be done, and what is left when the process dies at each step?",
        [
            "Written before: the message goes into the store, and then the global transaction commits. Written after: the other way round. Outbox: the global transaction writes the message into a table of the orders database, "
            + "and a relay takes it from there to the store after commit; the store knows the order's id, so a message that comes twice is noticed.",
            "Last resource: both databases prepare; then the store commits the message together with the decision, in one local transaction; then both commit. The store is the coordinator's log: recovery lists what is prepared and asks it.",
            "Each runs in a process of its own, which is killed with kill -9 after each step. Then a new process finishes what it can. Before the kills, orders without a kill show how long one side has an order before the other.",
        ],
        [("orders without a kill", Text.Count(Parameters.Orders)), ("kills", $"one a step, {Text.Count(Strategies.Sum(strategy => strategy.Kills.Count))} in all")])
    {
        Figures =
        [
            new(
                "store-kills",
                "What a kill leaves",
                "Of the kills at each strategy's steps: after how many order and message were apart until a new process started, and after how many they stayed apart for good.",
                new BarChart("Kills that left order and message apart, by strategy", "kills (one a step)")
                {
                    Series = [("apart until the restart", 3), ("apart for good", 2)],
                    Groups = [.. Strategies.Select(strategy => ($"{CannotPrepare.Strategies.Name(strategy.Strategy)} ({strategy.Kills.Count} kills)", (IReadOnlyList<double?>)[strategy.ApartMeanwhile, strategy.ApartForGood]))],
                    CountsWhole = true,
                }.Draw()),
            new(
                "store-window",
                "How long one side has it first, without any failure",
                "Time between the first side's commit and the last one's, median and 99th percentile. For the last resource this is the delivery of the decision.",
                new BarChart("Window between the two sides, by strategy", "window (ms)")
                {
                    Series = [("median", 1), ("99th percentile", 4)],
                    Groups = [.. Strategies.Select(strategy => (CannotPrepare.Strategies.Name(strategy.Strategy), (IReadOnlyList<double?>)[strategy.WindowMs.P50, strategy.WindowMs.P99]))],
                    Format = Text.Milliseconds,
                }.Draw()),
        ],
        Tables =
        [
            new(
                "Killed after each step",
                ["strategy", "killed after", "seen then", "after a restart", "verdict"],
                [
                    .. Strategies.SelectMany(strategy => strategy.Kills.Select(kill => (IReadOnlyList<string>)
                    [
                        CannotPrepare.Strategies.Name(strategy.Strategy), kill.Step.Replace('-', ' '), kill.AtKill.Describe(), kill.AfterRestart.Describe(),
                        kill.AfterRestart.IsWhole ? kill.AtKill.IsWhole ? "whole" : "whole after the restart" : "apart for good",
                    ])),
                ]),
        ],
        Conclusions = [.. Conclusions()],
        Split = Split,
    };

    private IEnumerable<string> Conclusions()
    {
        foreach (var strategy in Strategies)
            yield return Describe(strategy);
        var good = Strategies.Where(strategy => strategy.ApartForGood == 0).Select(strategy => CannotPrepare.Strategies.Name(strategy.Strategy)).ToList();
        yield return good.Count == 0
            ? "In this run no strategy kept order and message together through every kill."
            : $"Together in the end after every kill: {string.Join(" and ", good)}. "
                + (good.Contains("outbox") ? "The outbox needs nothing of the store but that it knows a message that comes twice, and is the first choice; " : "")
                + "the last resource gambit is for stores that commit a decision along, and puts that store on the path of every commit.";
        yield return $"The two databases that can prepare never disagreed: {Text.Count(Split)} split orders over {Text.Count(Strategies.Sum(strategy => strategy.Kills.Count))} kills.";
    }

    private static string Describe(StrategyResult strategy)
    {
        var name = CannotPrepare.Strategies.Name(strategy.Strategy);
        var lost = strategy.Kills.Where(kill => !kill.AfterRestart.IsWhole).ToList();
        var window = $"Without a failure one side had an order {Text.Milliseconds(strategy.WindowMs.P50)} (median) before the other.";
        var twice = strategy.Kills.Count(kill => kill.AfterRestart.Copies > 1);
        return $"{name[..1].ToUpperInvariant()}{name[1..]}: "
            + (lost.Count == 0
                ? $"all {strategy.Kills.Count} kills ended whole" + (strategy.ApartMeanwhile == 0 ? ". " : $", {Text.Count(strategy.ApartMeanwhile)} of them only once a process had started again. ")
                : $"{Text.Count(lost.Count)} of {strategy.Kills.Count} kills left {string.Join(" and ", lost.Select(kill => $"{Article(kill.AfterRestart.Describe())} (killed after {kill.Step.Replace('-', ' ')})"))} for good. ")
            + (twice > 0 ? $"After {Text.Count(twice)} of them the message came twice, and the store's key caught it. " : "")
            + window;
    }

    private static string Article(string what) => what.StartsWith("order", StringComparison.Ordinal) ? "an " + what : "a " + what;
}
