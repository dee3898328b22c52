using System.Globalization;
using Coordinator.Lab.Report;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Experiments.SagaAnomalies;

/// <summary>What one way of buying did and showed.</summary>
/// <param name="Name">Which way.</param>
/// <param name="Throughput">Purchases a second.</param>
/// <param name="Done">Purchases completed.</param>
/// <param name="Refused">Purchases that the business refused: sold out, or card declined.</param>
/// <param name="Compensated">Sagas that had changed something and undid it.</param>
/// <param name="Stuck">Sagas whose compensation kept failing.</param>
/// <param name="FailedCompensations">Attempts of compensations that failed.</param>
/// <param name="PlainLooks">Looks of the plain reader at both databases.</param>
/// <param name="SeenHalf">Orders that it saw in the database it read first and not in the other.</param>
/// <param name="SeenAndGone">Orders that it saw and that did not exist in the end.</param>
/// <param name="LockedLooks">Looks under locks inside a global transaction.</param>
/// <param name="LockedMismatches">Of these, how many found the databases to disagree.</param>
/// <param name="SoldTwice">Units sold that were not there, at rest.</param>
/// <param name="Unpaid">Orders without a payment, at rest.</param>
/// <param name="OneSided">Orders in one database alone, at rest.</param>
internal sealed record WayResult(
    string Name, double Throughput, int Done, int Refused, int Compensated, int Stuck, int FailedCompensations, int PlainLooks, int SeenHalf, int SeenAndGone,
    int LockedLooks, int LockedMismatches, int SoldTwice, int Unpaid, int OneSided)
{
    /// <summary>What is wrong when all is at rest.</summary>
    public int AtRest => SoldTwice + Unpaid + OneSided;
}

/// <summary>Experiment 4's result.</summary>
internal sealed record AnomaliesResult(AnomaliesParameters Parameters, WayResult TwoPhase, WayResult LookFirst, WayResult ReserveFirst) : ExperimentResult
{
    private static readonly (string Name, Func<WayResult, int> Count)[] Anomalies =
    [
        ("seen in one database only", way => way.SeenHalf), ("seen, and then gone", way => way.SeenAndGone), ("locking reads that disagree", way => way.LockedMismatches),
        ("failed compensations", way => way.FailedCompensations), ("at rest: units sold twice", way => way.SoldTwice), ("at rest: orders not paid", way => way.Unpaid), ("at rest: one-sided orders", way => way.OneSided),
    ];

    public override int Split => TwoPhase.OneSided;

    private WayResult[] Ways => [TwoPhase, LookFirst, ReserveFirst];

    public override Section Describe() => new(
        4,
        "saga-anomalies",
        "What a saga shows to others",
        "A saga commits step by step, so others see it half done, act on it, and may be wrong when it turns back. How often?",
        [
            "A purchase looks whether there is stock, places the order, awards points to the customer, takes the stock and charges the card. All clients want the same product until it is sold out, then the next. "
            + $"One customer in {Parameters.DeclinedOneIn} has an empty account, so that many purchases turn back at the last step.",
            "It runs as one global transaction (the look locks the product's row), as a saga with these steps in this order, and as a saga with the usual countermeasure, which takes the stock first, under a lock.",
            "Others are at work meanwhile. A plain reader lists orders and reservations, one database after the other, and notes what only the first one had. Another reader locks a product's rows in both databases, inside a global transaction, "
            + "and compares their counters. Customers spend points as soon as they see them: taking points back that are spent violates a constraint, so the compensation fails.",
        ],
        [
            ("each way runs", $"{Text.Number(Parameters.Seconds)} s"), ("clients", Text.Count(Parameters.Clients)), ("units of each product", Text.Count(Parameters.Stock)),
            ("customers without money", $"one in {Text.Count(Parameters.DeclinedOneIn)}"), ("compensation tried", "4 times"), ("seed", Parameters.Seed.ToString(CultureInfo.InvariantCulture)),
        ])
    {
        Figures =
        [
            new(
                "saga-anomalies",
                "Anomalies, by what was seen and by what remained",
                "Orders, looks or units with something wrong. What two-phase commit shows to plain readers lies between its two commits: each database publishes its half when it commits. Each line to the right is ten times as many.",
                new BarChart("Anomalies by kind and way", "count (logarithmic)")
                {
                    Series = [(TwoPhase.Name, 2), (LookFirst.Name, 3), (ReserveFirst.Name, 4)],
                    Groups = [.. Anomalies.Select(anomaly => (anomaly.Name, (IReadOnlyList<double?>)[.. Ways.Select(way => (double?)anomaly.Count(way))]))],
                    Logarithmic = true,
                    Format = value => Text.Count((long)value),
                }.Draw()),
        ],
        Tables = [Table()],
        Conclusions = [.. Conclusions()],
        Split = Split,
    };

    private Table Table() => new(
        "What was counted",
        ["", .. Ways.Select(way => way.Name)],
        [
            Row("purchases a second", way => Text.Number(way.Throughput)), Row("completed", way => Text.Count(way.Done)), Row("refused (sold out, declined)", way => Text.Count(way.Refused)),
            Row("turned back after changing something", way => Text.Count(way.Compensated)), Row("stuck", way => Text.Count(way.Stuck)),
            Row("plain looks at both databases", way => Text.Count(way.PlainLooks)), Row("looks under locks", way => Text.Count(way.LockedLooks)),
            .. Anomalies.Select(anomaly => Row(anomaly.Name, way => Text.Count(anomaly.Count(way)))),
        ]);

    private IReadOnlyList<string> Row(string name, Func<WayResult, string> cell) => [name, .. Ways.Select(cell)];

    private IEnumerable<string> Conclusions()
    {
        yield return TwoPhase.AtRest == 0 && TwoPhase.LockedMismatches == 0 && TwoPhase.SeenAndGone == 0
            ? $"Under two-phase commit {Text.Count(TwoPhase.Done)} purchases left nothing wrong: none at rest, none of {Text.Count(TwoPhase.LockedLooks)} looks under locks found the databases to disagree, and no order was seen that then went away."
            : $"Under two-phase commit something was wrong, which must not be: {Text.Count(TwoPhase.AtRest)} at rest, {Text.Count(TwoPhase.LockedMismatches)} under locks, {Text.Count(TwoPhase.SeenAndGone)} seen and gone.";
        yield return TwoPhase.SeenHalf > 0
            ? $"It does not make the view atomic: a plain reader that reads one database after the other saw {Text.Count(TwoPhase.SeenHalf, "order", "orders")} in one of them only, between the two commits. Who must not, reads with locks inside a global transaction."
            : $"In {Text.Count(TwoPhase.PlainLooks)} looks the plain reader never came between the two commits of a global transaction in this run. It may: two-phase commit does not make the view atomic.";
        yield return $"The saga that looks first showed {Text.Count(LookFirst.SeenHalf, "order", "orders")} half done and {Text.Count(LookFirst.SeenAndGone)} that then went away; {Text.Count(LookFirst.LockedMismatches)} of {Text.Count(LookFirst.LockedLooks)} looks under locks found the databases to disagree, "
            + $"since a saga holds no locks between its steps. In the end {Text.Count(LookFirst.SoldTwice, "unit was", "units were")} sold that did not exist.";
        yield return ReserveFirst.SoldTwice < LookFirst.SoldTwice
            ? $"Taking the stock first brought units sold twice from {Text.Count(LookFirst.SoldTwice)} to {Text.Count(ReserveFirst.SoldTwice)}. It does not hide the rest: {Text.Count(ReserveFirst.SeenAndGone)} orders were seen and then gone, {Text.Count(ReserveFirst.SeenHalf)} seen half done."
            : $"Taking the stock first did not lower the units sold twice in this run ({Text.Count(LookFirst.SoldTwice)} and {Text.Count(ReserveFirst.SoldTwice)}).";
        yield return LookFirst.Stuck + ReserveFirst.Stuck > 0
            ? $"Compensations are transactions too, and fail: points that had been spent could not be taken back, {Text.Count(LookFirst.FailedCompensations + ReserveFirst.FailedCompensations)} attempts failed and {Text.Count(LookFirst.Stuck + ReserveFirst.Stuck, "saga is", "sagas are")} stuck until somebody acts, with what they had done before still there for all to see."
            : "No compensation failed for good in this run.";
    }
}
