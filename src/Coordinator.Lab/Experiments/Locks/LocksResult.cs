using Coordinator.Lab.Measure;
using Coordinator.Lab.Report;

namespace Coordinator.Lab.Experiments.Locks;

/// <summary>One point: a way, a contention, a distance.</summary>
/// <param name="Way">How orders were placed.</param>
/// <param name="Products">Over how many products.</param>
/// <param name="DelayMs">Asked of the proxy, one way.</param>
/// <param name="MeasuredDelayMs">As the proxy held bytes on average, one way.</param>
/// <param name="Throughput">Orders a second.</param>
/// <param name="LatencyMs">Of successful orders.</param>
/// <param name="OrdersLockMs">How long PostgreSQL's hot rows stayed locked.</param>
/// <param name="InventoryLockMs">How long MariaDB's did.</param>
/// <param name="Done">Orders placed.</param>
/// <param name="Deadlocks">Orders that a database ended to break a deadlock.</param>
/// <param name="LockTimeouts">Orders that gave up waiting for a row.</param>
/// <param name="OtherFailures">Orders that failed otherwise.</param>
/// <param name="Retries">Saga steps tried again.</param>
/// <param name="Split">Orders in one database alone afterwards, in all runs of this way so far.</param>
internal sealed record LockPoint(
    Way Way, int Products, int DelayMs, double MeasuredDelayMs, double Throughput, Distribution LatencyMs, Distribution OrdersLockMs,
    Distribution InventoryLockMs, int Done, int Deadlocks, int LockTimeouts, int OtherFailures, int Retries, int Split);

/// <summary>One order at a time, under two-phase commit: the clock against a session that waited for the same row; medians.</summary>
/// <param name="DelayMs">Asked of the proxy, one way.</param>
/// <param name="MeasuredDelayMs">As the proxy held bytes on average, one way.</param>
/// <param name="LockedMs">How long the row was locked, by the clock.</param>
/// <param name="WaitedMs">How long the other session waited.</param>
internal sealed record LockWait(int DelayMs, double MeasuredDelayMs, double LockedMs, double WaitedMs);

/// <summary>Experiment 1's result.</summary>
internal sealed record LocksResult(LocksParameters Parameters, IReadOnlyList<LockPoint> Points, IReadOnlyList<LockWait> Waits) : ExperimentResult
{
    public override int Split => Points.Where(point => point.Way == Way.TwoPhase).Select(point => point.Split).DefaultIfEmpty(0).Max();

    public override Section Describe() => new LocksSection(this).Build();

    public IEnumerable<LockPoint> ByProducts(Way way) =>
        Points.Where(point => point.Way == way && point.DelayMs == 0 && Parameters.Products.Contains(point.Products)).OrderBy(point => point.Products);

    public IEnumerable<LockPoint> ByDelay(Way way) =>
        Points.Where(point => point.Way == way && point.Products == Parameters.DelayProducts && Parameters.Delays.Contains(point.DelayMs)).OrderBy(point => point.DelayMs);
}
