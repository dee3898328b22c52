using System.Globalization;
using Coordinator.Lab.Measure;
using Coordinator.Lab.Report;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Experiments.SlowParticipant;

/// <summary>What became of one group of transactions while the condition lasted.</summary>
/// <param name="Name">Which.</param>
/// <param name="Throughput">Commits a second.</param>
/// <param name="Done">Commits.</param>
/// <param name="LockTimeouts">Gave up waiting for a row.</param>
/// <param name="Aborted">Rolled back at the deadline, or given up.</param>
/// <param name="OtherFailures">Ended otherwise: the participant was unavailable, or the end is not known yet.</param>
/// <param name="TookMs">All of them, whatever their end.</param>
internal sealed record GroupResult(string Name, double Throughput, int Done, int LockTimeouts, int Aborted, int OtherFailures, Distribution TookMs)
{
    public static GroupResult Of(string name, LoadResult load, long from, long until)
    {
        var seconds = System.Diagnostics.Stopwatch.GetElapsedTime(from, until).TotalSeconds;
        var during = new LoadResult(TimeSpan.FromSeconds(seconds), [.. load.Attempts.Where(attempt => attempt.Ended >= from && attempt.Ended <= until)]);
        int done = during.Count(AttemptEnd.Done), timeouts = during.Count(AttemptEnd.LockTimeout) + during.Count(AttemptEnd.Deadlock), aborted = during.Count(AttemptEnd.Aborted);
        return new GroupResult(
            name, during.Throughput, done, timeouts, aborted, during.Attempts.Count - done - timeouts - aborted,
            Distribution.Of(during.Attempts.Select(attempt => attempt.Took.TotalMilliseconds)));
    }
}

/// <summary>One condition under one deadline.</summary>
/// <param name="Condition">What was wrong.</param>
/// <param name="LimitSeconds">Deadline of transactions, and limit of waiting for a row.</param>
/// <param name="Groups">Those that touch it, those on other rows, those on the same rows of other databases.</param>
/// <param name="HealthyRowsLockMs">How long transactions that touch it kept rows of the healthy PostgreSQL locked.</param>
/// <param name="Split">Orders in one database alone when all was at rest, in all runs so far.</param>
internal sealed record SlowRun(Condition Condition, double LimitSeconds, IReadOnlyList<GroupResult> Groups, Distribution HealthyRowsLockMs, int Split);

/// <summary>Experiment 3's result.</summary>
internal sealed record SlowResult(SlowParameters Parameters, IReadOnlyList<SlowRun> Runs) : ExperimentResult
{
    public override int Split => Runs.Max(run => run.Split);

    public SlowRun Of(Condition condition, double limit) => Runs.First(run => run.Condition == condition && run.LimitSeconds == limit);

    public override Section Describe() => new(
        3,
        "slow-participant",
        "One slow participant",
        "One database answers slowly, hangs, or is down. What happens to transactions that touch it, to those that do not, and to the rows that both kinds want? What do deadlines and lock timeouts do about it?",
        [
            "Three databases take part: orders and billing on PostgreSQL, inventory on MariaDB, which is made slow (a proxy delays its link), held still (SIGSTOP: it keeps its connections and answers nothing), or killed.",
            "Two clients place orders, which touch the inventory, over three products. Two run global transactions over orders and billing on other rows. Two run the same on the orders' three rows: "
            + "they have nothing to do with the inventory, but want rows that orders have locked.",
            "All is run with a tight and with a loose limit, which is both the deadline of a transaction and how long a statement waits for a row.",
        ],
        [
            ("each condition lasts", $"{Text.Number(Parameters.Seconds)} s"), ("slow means", $"{Text.Number(Parameters.Answer)} s an answer"), ("tight limit", $"{Text.Number(Parameters.Tight)} s"),
            ("loose limit", $"{Text.Number(Parameters.Loose)} s"), ("clients", "2 of each kind"), ("seed", Parameters.Seed.ToString(CultureInfo.InvariantCulture)),
        ])
    {
        Figures = Figures(),
        Tables = [Table()],
        Conclusions = [.. Conclusions()],
        Split = Split,
    };

    private List<Figure> Figures() =>
    [
        new(
            "slow-locks",
            "How long the healthy database's rows stayed locked",
            "The longest time for which an order kept a row of the healthy PostgreSQL locked while it waited for the other database. The deadline is what ends it.",
            new BarChart("Longest lock in the healthy database by condition and limit", "longest lock on a healthy database's row (s)")
            {
                Series = [($"limit {Text.Number(Parameters.Tight)} s", 1), ($"limit {Text.Number(Parameters.Loose)} s", 2)],
                Groups = [.. Conditions().Select(condition => (Name(condition), (IReadOnlyList<double?>)
                    [Of(condition, Parameters.Tight).HealthyRowsLockMs.Max / 1000, Of(condition, Parameters.Loose).HealthyRowsLockMs.Max / 1000]))],
                Format = value => $"{Text.Number(value)} s",
            }.Draw()),
        .. new[] { (Limit: Parameters.Tight, Id: "slow-throughput-tight", Word: "tight"), (Limit: Parameters.Loose, Id: "slow-throughput-loose", Word: "loose") }.Select(kind => new Figure(
            kind.Id,
            $"Commits a second, with the {kind.Word} limit of {Text.Number(kind.Limit)} s",
            "Transactions on other rows do not notice. Those that want the same rows of a healthy database do, though they have nothing to do with the sick one. Each line to the right is ten times as much.",
            new BarChart($"Commits a second by condition, limit {Text.Number(kind.Limit)} s", "commits a second (logarithmic)")
            {
                Series = [("touch it", 2), ("other rows", 1), ("same rows, healthy databases", 3)],
                Groups = [.. Conditions().Select(condition => (Name(condition), (IReadOnlyList<double?>)[.. Of(condition, kind.Limit).Groups.Select(group => (double?)group.Throughput)]))],
                Logarithmic = true,
            }.Draw())),
    ];

    private Table Table() => new(
        "While the condition lasted",
        ["inventory is", "limit s", "transactions that", "commits/s", "committed", "lock timeouts", "at the deadline", "other failures", "p50 ms", "longest ms", "healthy rows locked p50 ms", "longest ms"],
        [
            .. Runs.SelectMany(run => run.Groups.Select((group, i) => (IReadOnlyList<string>)
            [
                Name(run.Condition), Text.Number(run.LimitSeconds), group.Name, Text.Number(group.Throughput), Text.Count(group.Done), Text.Count(group.LockTimeouts),
                Text.Count(group.Aborted), Text.Count(group.OtherFailures), Text.Number(group.TookMs.P50), Text.Number(group.TookMs.Max),
                i == 0 ? Text.Number(run.HealthyRowsLockMs.P50) : "", i == 0 ? Text.Number(run.HealthyRowsLockMs.Max) : "",
            ])),
        ])
    { TerminalColumns = 10 };

    private IEnumerable<string> Conclusions()
    {
        var healthy = Of(Condition.Healthy, Parameters.Tight);
        foreach (var condition in Conditions().Skip(1))
        {
            var (tight, loose) = (Of(condition, Parameters.Tight), Of(condition, Parameters.Loose));
            yield return $"Inventory {Name(condition)}: orders went from {Text.Number(healthy.Groups[0].Throughput)} a second to {Text.Number(tight.Groups[0].Throughput)} (tight) and {Text.Number(loose.Groups[0].Throughput)} (loose). "
                + $"Rows of the healthy database stayed locked for up to {Text.Milliseconds(tight.HealthyRowsLockMs.Max)} (tight) and {Text.Milliseconds(loose.HealthyRowsLockMs.Max)} (loose), against {Text.Milliseconds(healthy.HealthyRowsLockMs.Max)} when all is well. "
                + $"Transactions that only wanted those rows made {Text.Number(tight.Groups[2].Throughput)} and {Text.Number(loose.Groups[2].Throughput)} commits a second instead of {Text.Number(healthy.Groups[2].Throughput)}.";
        }

        var worst = Conditions().Skip(1).SelectMany(condition => new[] { Of(condition, Parameters.Tight), Of(condition, Parameters.Loose) }).Min(run => run.Groups[1].Throughput);
        yield return worst >= healthy.Groups[1].Throughput / 3
            ? $"Transactions on other rows went on throughout: {Text.Number(healthy.Groups[1].Throughput)} commits a second when all was well, {Text.Number(worst)} in the worst of the conditions."
            : $"Transactions on other rows fell from {Text.Number(healthy.Groups[1].Throughput)} commits a second to {Text.Number(worst)} in the worst of the conditions: in this run somebody else's sickness reached them.";
        var (hangTight, hangLoose) = (Of(Condition.Hanging, Parameters.Tight).HealthyRowsLockMs.Max, Of(Condition.Hanging, Parameters.Loose).HealthyRowsLockMs.Max);
        yield return hangLoose > hangTight
            ? $"The deadline is what bounds the harm: with a hanging database the longest lock was {Text.Milliseconds(hangTight)} under the limit of {Text.Number(Parameters.Tight)} s, and {Text.Milliseconds(hangLoose)} under that of {Text.Number(Parameters.Loose)} s. It should be a little longer than an honest transaction takes, and no more."
            : $"In this run the tight limit did not shorten the longest lock under a hanging database ({Text.Milliseconds(hangTight)} against {Text.Milliseconds(hangLoose)}).";
    }

    private static Condition[] Conditions() => Enum.GetValues<Condition>();

    private string Name(Condition condition) => condition switch
    {
        Condition.Healthy => "healthy",
        Condition.Slow => $"slow ({Text.Number(Parameters.Answer)} s an answer)",
        Condition.Hanging => "hanging",
        _ => "stopped",
    };
}
