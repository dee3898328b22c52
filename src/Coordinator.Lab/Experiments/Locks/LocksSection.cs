using System.Globalization;
using Coordinator.Lab.Report;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Experiments.Locks;

/// <summary>Tells experiment 1.</summary>
internal sealed class LocksSection(LocksResult result)
{
    private static readonly (Way Way, string Name, int Number)[] Ways =
        [(Way.Local, "two local transactions", 1), (Way.TwoPhase, "two-phase commit", 2), (Way.Saga, "saga", 3)];

    private const string Distance = "delay between coordinator and participants, one way (ms)";

    public Section Build() => new(
        1,
        "locks",
        "Locks",
        "How long does each way of placing an order keep rows locked, and what does that do to throughput when many customers want the same product, or when the coordinator is far away?",
        [
            "An order inserts a row in PostgreSQL and one in MariaDB, and updates a counter row per product in each. Most orders hold two products, named in any order. "
            + "The fewer products there are, the more orders want the same rows. The clients work without a pause.",
            "The same statements run as two local transactions one after the other (nothing makes the second follow the first), as one global transaction, and as a saga "
            + "(a local transaction in each database, with a compensation, driven from a durable log). Coordinator and saga driver stand at the same distance from the application: "
            + "a proxy on loopback holds every byte back for the delay, in each direction. Both force their log to the same disk.",
            "A row counts as locked from the moment when its UPDATE has returned to the moment when its database has answered commit or rollback, both seen beside that database. "
            + "To check the clock, a second session waits for the same row and times its wait.",
        ],
        [
            ("products", string.Join(", ", result.Parameters.Products)),
            ("delays, one way", string.Join(", ", result.Parameters.Delays) + " ms"),
            ("products while the delay varies", Text.Count(result.Parameters.DelayProducts)),
            ("clients", Text.Count(result.Parameters.Clients)),
            ("seconds a point", Text.Number(result.Parameters.Seconds)),
            ("seed", result.Parameters.Seed.ToString(CultureInfo.InvariantCulture)),
        ])
    {
        Figures = Figures(),
        Tables = [ByProducts(), ByDelay(), Waits()],
        Conclusions = [.. Conclusions()],
        Split = result.Split,
    };

    private List<Figure> Figures() =>
    [
        new(
            "locks-delay",
            "How long a row stays locked, by distance",
            $"Median time for which the orders database's hot row stays locked, at {Text.Count(result.Parameters.DelayProducts)} products. Under two-phase commit the lock is held across "
            + "messages to the coordinator and back; the others commit beside the database, whatever the distance. An order that is alone on the machine shows the protocol's part; with others, queues come on top.",
            new LineChart("Row lock time by delay", Distance, "row locked, median (ms)")
            {
                Series =
                [
                    .. Lines(result.ByDelay, point => point.DelayMs, point => point.OrdersLockMs.P50),
                    new LineSeries("two-phase commit, alone", 4, [.. result.Waits.Select(wait => ((double)wait.DelayMs, wait.LockedMs))]),
                ],
            }.Draw()),
        new(
            "locks-throughput-delay",
            "Orders a second, by distance",
            $"At {Text.Count(result.Parameters.DelayProducts)} products and {Text.Count(result.Parameters.Clients)} clients.",
            Line("Throughput by delay", Distance, "orders a second", result.ByDelay, point => point.DelayMs, point => point.Throughput)),
        new(
            "locks-throughput-products",
            "Orders a second, by contention",
            "Without added delay. To the left everybody wants the same few rows.",
            Line("Throughput by number of products", "products (fewer: hotter)", "orders a second", result.ByProducts, point => point.Products, point => point.Throughput, logarithmicX: true)),
        new(
            "locks-p99-products",
            "The slowest one in a hundred, by contention",
            "99th percentile of an order's time, successful orders only, without added delay; each line up is ten times as long. Where orders lock each other out it is about a second: PostgreSQL looks for deadlocks after that.",
            Line("99th percentile of latency by number of products", "products (fewer: hotter)", "order took, p99 (ms)", result.ByProducts, point => point.Products, point => point.LatencyMs.P99, logarithmicX: true, logarithmicY: true)),
    ];

    private static string Line(
        string description, string x, string y, Func<Way, IEnumerable<LockPoint>> points, Func<LockPoint, double> at, Func<LockPoint, double> value,
        bool logarithmicX = false, bool logarithmicY = false) =>
        new LineChart(description, x, y)
        {
            LogarithmicX = logarithmicX,
            LogarithmicY = logarithmicY,
            Series = Lines(points, at, value),
        }.Draw();

    private static IReadOnlyList<LineSeries> Lines(Func<Way, IEnumerable<LockPoint>> points, Func<LockPoint, double> at, Func<LockPoint, double> value) =>
        [.. Ways.Select(way => new LineSeries(way.Name, way.Number, [.. points(way.Way).Select(point => (at(point), value(point)))]))];

    private Table ByProducts() => PointsTable("By contention, without added delay", Ways.SelectMany(way => result.ByProducts(way.Way)));

    private Table ByDelay() => PointsTable(
        $"By distance, at {Text.Count(result.Parameters.DelayProducts)} products (measured: how long the proxy really held bytes, one way)", Ways.SelectMany(way => result.ByDelay(way.Way)));

    private static Table PointsTable(string title, IEnumerable<LockPoint> points) => new(
        title,
        ["way", "products", "delay ms", "orders/s", "p50 ms", "p99 ms", "locked p50 ms", "locked p99 ms", "MariaDB locked p50 ms", "p99 ms", "measured delay ms", "deadlocks", "lock timeouts", "other failures", "steps retried", "half orders"],
        [
            .. points.Select(point => (IReadOnlyList<string>)
            [
                Ways.First(way => way.Way == point.Way).Name, Text.Count(point.Products), Text.Count(point.DelayMs), Text.Number(point.Throughput),
                Text.Number(point.LatencyMs.P50), Text.Number(point.LatencyMs.P99), Text.Number(point.OrdersLockMs.P50), Text.Number(point.OrdersLockMs.P99),
                Text.Number(point.InventoryLockMs.P50), Text.Number(point.InventoryLockMs.P99), Text.Number(point.MeasuredDelayMs), Text.Count(point.Deadlocks), Text.Count(point.LockTimeouts),
                Text.Count(point.OtherFailures), Text.Count(point.Retries), Text.Count(point.Split),
            ]),
        ])
    { TerminalColumns = 8 };

    private Table Waits() => new(
        "The clock against a session that waited for the row (two-phase commit, one order at a time, medians)",
        ["delay ms", "measured delay ms", "locked by the clock ms", "the other session waited ms"],
        [.. result.Waits.Select(wait => (IReadOnlyList<string>)[Text.Count(wait.DelayMs), Text.Number(wait.MeasuredDelayMs), Text.Number(wait.LockedMs), Text.Number(wait.WaitedMs)])]);

    private IEnumerable<string> Conclusions()
    {
        var near = result.ByDelay(Way.TwoPhase).First();
        var far = result.ByDelay(Way.TwoPhase).Last();
        var localNear = result.ByDelay(Way.Local).First().OrdersLockMs.P50;
        if (localNear > 0)
        {
            var factor = near.OrdersLockMs.P50 / localNear;
            yield return factor > 1.1
                ? $"With {Describe(near.DelayMs)}, two-phase commit kept a row locked for {Text.Milliseconds(near.OrdersLockMs.P50)} (median), a local transaction for {Text.Milliseconds(localNear)}: {Text.Times(factor)} as long."
                : $"With {Describe(near.DelayMs)}, two-phase commit kept a row locked for {Text.Milliseconds(near.OrdersLockMs.P50)} (median), hardly longer than a local transaction ({Text.Milliseconds(localNear)}) in this run.";
        }

        if (result.Waits.Count > 1)
            yield return DistanceIsPaid(result.Waits[0], result.Waits[^1]);
        if (far.DelayMs > near.DelayMs)
            yield return WithOthers(near, far);
        yield return Contention();
        var deadlocks = result.Points.Where(point => point.Way == Way.TwoPhase).Sum(point => point.Deadlocks + point.LockTimeouts);
        var localDeadlocks = result.Points.Where(point => point.Way == Way.Local).Sum(point => point.Deadlocks + point.LockTimeouts);
        var retried = result.Points.Where(point => point.Way == Way.Saga).Sum(point => point.Retries);
        yield return $"Orders name their products in any order, so they can lock each other out: {Text.Count(deadlocks, "order", "orders")} ended by deadlock or lock timeout under two-phase commit and {Text.Count(localDeadlocks)} "
            + $"as local transactions; the saga's driver tried {Text.Count(retried, "step", "steps")} again. Two-phase commit rolled all of its own back in both databases.";
        var half = result.Points.Where(point => point.Way == Way.Local).Select(point => point.Split).DefaultIfEmpty(0).Max();
        yield return half > 0
            ? $"Two local transactions left {Text.Count(half, "order", "orders")} in one database and not in the other, in a run where nothing crashed; two-phase commit left {Text.Count(result.Split)}."
            : $"Nothing crashed in this run, and no order was left half done by two local transactions; two-phase commit left {Text.Count(result.Split)} too. Experiments 2 and 5 kill processes.";
    }

    private static string DistanceIsPaid(LockWait near, LockWait far)
    {
        var grown = far.LockedMs - near.LockedMs;
        var distance = far.MeasuredDelayMs - near.MeasuredDelayMs;
        return grown <= 0 || distance <= 0
            ? $"In this run the lock time did not grow with the distance: {Text.Milliseconds(near.LockedMs)} near, {Text.Milliseconds(far.LockedMs)} far, for an order alone. That is not what the protocol says; the machine was probably too busy to measure it."
            : $"For an order alone, {Describe(far.DelayMs)} took it from {Text.Milliseconds(near.LockedMs)} to {Text.Milliseconds(far.LockedMs)}: every millisecond of distance was paid {Text.Number(Math.Round(grown / distance, 1))} times while the row was locked "
                + "(enlisting the second database, asking for the commit, prepare there and back, commit).";
    }

    private string WithOthers(LockPoint near, LockPoint far)
    {
        var saga = result.ByDelay(Way.Saga).ToList();
        return $"With {Text.Count(result.Parameters.Clients)} clients at work it was {Text.Milliseconds(near.OrdersLockMs.P50)} near and {Text.Milliseconds(far.OrdersLockMs.P50)} at {Describe(far.DelayMs)}. "
            + $"The saga's rows were locked for {Text.Milliseconds(saga[0].OrdersLockMs.P50)} and {Text.Milliseconds(saga[^1].OrdersLockMs.P50)}: each of its steps commits before its answer travels.";
    }

    private string Contention()
    {
        var hot = result.ByProducts(Way.TwoPhase).First();
        var cold = result.ByProducts(Way.TwoPhase).Last();
        var saga = result.ByProducts(Way.Saga).ToList();
        var local = result.ByProducts(Way.Local).ToList();
        return $"Over {Text.Count(cold.Products, "product", "products")} two-phase commit placed {Text.Number(cold.Throughput)} orders a second, the saga {Text.Number(saga[^1].Throughput)}, two local transactions {Text.Number(local[^1].Throughput)}; "
            + $"with {Text.Count(hot.Products, "product", "products")} they placed {Text.Number(hot.Throughput)}, {Text.Number(saga[0].Throughput)} and {Text.Number(local[0].Throughput)}. "
            + (hot.Throughput < cold.Throughput
                ? $"Contention cost two-phase commit {Text.Percent(1 - (hot.Throughput / cold.Throughput))} of its throughput, the saga {Text.Percent(Math.Max(0, 1 - (saga[0].Throughput / Math.Max(0.001, saga[^1].Throughput))))}."
                : "In this run contention did not cost two-phase commit any throughput.");
    }

    private static string Describe(int delay) => delay == 0 ? "no added delay" : $"{Text.Count(delay)} ms of delay each way";
}
