using System.Globalization;
using Coordinator.Lab.Report;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Experiments.CoordinatorKilled;

/// <summary>Experiment 2's result.</summary>
internal sealed record KilledResult(KilledParameters Parameters, Outage Prepared, Outage Decided, Outage Saga) : ExperimentResult
{
    public override int Split => Prepared.Split + Decided.Split;

    private Outage[] All => [Prepared, Decided, Saga];

    public override Section Describe() => new(
        2,
        "coordinator-killed",
        "The single point of failure",
        "What happens to everybody else while the coordinator is dead, and for how long after it is back? And while a saga's driver is?",
        [
            "Orders run over products 2 to 20. One more order, of product 1, is stopped at a commit point: prepared in both databases and nothing decided, or decided (on disk) and nobody told. "
            + "Then the coordinator's process is killed with kill -9, stays dead, and is started again. The saga's driver, a process too, is killed while an order of product 1 stands between its two steps.",
            "Meanwhile two local sessions update the row of product 1, giving up after one second of waiting, and one session updates rows that no order touches (21 to 40). "
            + "Ten times a second both servers are asked what is prepared and who waits for a row; in the middle of the outage plain reads look for orders that stand in one database only.",
        ],
        [
            ("work before the kill", $"{Text.Number(Parameters.Before)} s"), ("dead for", $"{Text.Number(Parameters.Down)} s"), ("work afterwards", $"{Text.Number(Parameters.After)} s"),
            ("clients", Text.Count(Parameters.Clients)), ("seed", Parameters.Seed.ToString(CultureInfo.InvariantCulture)),
        ])
    {
        Figures =
        [
            Figure("killed-prepared", "Killed between prepare and decision", Prepared, "prepared branches, both databases", "Two-phase commit orders a second"),
            Figure("killed-decided", "Killed between decision and delivery", Decided, "prepared branches, both databases", "Two-phase commit orders a second"),
            Figure("killed-saga", "The saga's driver killed between two steps", Saga, "orders that stand in one database only, as others see them", "Saga orders a second"),
        ],
        Tables = [Table()],
        Conclusions = [.. Conclusions()],
        Split = Split,
    };

    private static Figure Figure(string id, string title, Outage outage, string held, string orders) => new(
        id,
        title,
        $"From top to bottom: orders; local updates of rows that nobody else wants; local updates of the stopped order's row; {held}; sessions waiting for a row. Shaded: nothing serves.",
        new TimeLine($"{title}: rates and locks over time", outage.EndedAt)
        {
            Down = (outage.KilledAt, outage.ServingAt),
            Events = [(outage.StoppedAt, "order stopped"), (outage.KilledAt, "kill -9"), (outage.RestartedAt, "restart"), (outage.SettledAt, "all settled")],
            Panels =
            [
                new(orders, 2, Points(outage.Orders, Observation.Bucket / 2)), new("Local updates of other rows a second", 1, Points(outage.OtherRows, Observation.Bucket / 2)),
                new("Local updates of the same row a second", 3, Points(outage.SameRow, Observation.Bucket / 2)),
                new(held[..1].ToUpperInvariant() + held[1..], 4, Points(outage.Held)), new("Sessions waiting for a row", 5, Points(outage.Waiting)),
            ],
        }.Draw());

    private static IReadOnlyList<(double, double)> Points(IEnumerable<Sample> samples, double shift = 0) => [.. samples.Select(sample => (sample.At + shift, sample.Value))];

    private Table Table() => new(
        "What was seen",
        ["killed", "orders/s before", "while dead", "other rows/s before", "while dead", "same row/s before", "while dead", "left behind", "visible half done", "products locked meanwhile", "waited at once", "gave up waiting", "restart to serving s", "restart to settled s", "stopped order", "split"],
        [
            .. All.Select(outage => (IReadOnlyList<string>)
            [
                outage.Name, Text.Number(outage.Before(outage.Orders)), Text.Number(outage.During(outage.Orders)), Text.Number(outage.Before(outage.OtherRows)), Text.Number(outage.During(outage.OtherRows)),
                Text.Number(outage.Before(outage.SameRow)), Text.Number(outage.During(outage.SameRow)), Text.Count(outage.Left), Text.Count(outage.HalfDoneSeen), outage.LockedRows, Text.Count(outage.MostWaiting),
                Text.Count(outage.LockTimeouts), Text.Number(outage.ServingAt - outage.RestartedAt), Text.Number(outage.SettleSeconds), outage.DrillEnd, Text.Count(outage.Split),
            ]),
        ])
    { TerminalColumns = 9 };

    private IEnumerable<string> Conclusions()
    {
        foreach (var (outage, when) in new[] { (Prepared, "undecided"), (Decided, "decided and undelivered") })
        {
            var same = outage.During(outage.SameRow);
            yield return $"Killed with an order {when}: {Text.Count(outage.Left, "prepared branch", "prepared branches")} kept their locks for as long as the coordinator was dead, and orders still at work kept theirs too. Locked in the middle of it were rows of products: {outage.LockedRows}. "
                + (same < outage.Before(outage.SameRow) / 10
                    ? $"Updates of the same row went from {Text.Number(outage.Before(outage.SameRow))} a second to {Text.Number(same)}; {Text.Count(outage.LockTimeouts)} gave up waiting. "
                    : $"Updates of the same row went on at {Text.Number(same)} a second, which is not what a held lock looks like. ")
                + $"Updates of other rows went on ({Text.Number(outage.Before(outage.OtherRows))} a second before, {Text.Number(outage.During(outage.OtherRows))} while it was dead); new global transactions did not ({Text.Number(outage.During(outage.Orders))} orders a second).";
        }

        yield return $"From the restart, the last lock was gone after {Text.Number(Prepared.SettleSeconds)} s (undecided: the stopped order was {Prepared.DrillEnd}) and {Text.Number(Decided.SettleSeconds)} s (decided: it was {Decided.DrillEnd}), "
            + $"of which {Text.Number(Prepared.ServingAt - Prepared.RestartedAt)} s and {Text.Number(Decided.ServingAt - Decided.RestartedAt)} s were the process starting.";
        yield return Saga.MostWaiting < Prepared.MostWaiting || Saga.During(Saga.SameRow) > Prepared.During(Prepared.SameRow)
            ? $"With the saga's driver dead nobody was blocked: the same row was updated {Text.Number(Saga.During(Saga.SameRow))} times a second. Instead {Text.Count(Saga.HalfDoneSeen, "order", "orders")} could be seen half done, in one database and not in the other, for the whole outage and {Text.Number(Saga.SettleSeconds)} s after the restart."
            : $"In this run the saga's outage blocked as much as the coordinator's, which is not expected of it; {Text.Count(Saga.HalfDoneSeen)} orders could be seen half done.";
        yield return Prepared.HalfDoneSeen + Decided.HalfDoneSeen == 0
            ? "While the coordinator was dead, plain readers found no order in one database only."
            : $"While the coordinator was dead, plain readers found {Text.Count(Prepared.HalfDoneSeen + Decided.HalfDoneSeen, "order", "orders")} in one database only: decided, delivered to one and still locked in the other. They were completed at the restart.";
        yield return $"When all was at rest, {Text.Count(Split)} orders were split under two-phase commit, and {Text.Count(Saga.Split)} sagas were half done.";
    }
}
