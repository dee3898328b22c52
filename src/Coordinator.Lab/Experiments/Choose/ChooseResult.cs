using Coordinator.Lab.Experiments.CannotPrepare;
using Coordinator.Lab.Experiments.CoordinatorKilled;
using Coordinator.Lab.Experiments.Locks;
using Coordinator.Lab.Experiments.SagaAnomalies;
using Coordinator.Lab.Experiments.SlowParticipant;
using Coordinator.Lab.Report;

namespace Coordinator.Lab.Experiments.Choose;

/// <summary>A situation as experiment 1 measured it: orders a second by each way.</summary>
internal sealed record Pace(string Situation, double Local, double TwoPhase, double Saga)
{
    /// <summary>Two-phase commit's share of the saga's pace.</summary>
    public double Share => Saga <= 0 ? 1 : TwoPhase / Saga;
}

/// <summary>The figures that the choice hangs on, taken from the other experiments' results.</summary>
/// <param name="Paces">Near and calm; hot; far.</param>
/// <param name="FarDelayMs">How far is far, one way.</param>
/// <param name="NearLockMs">Median time a row was locked under two-phase commit, near, for an order alone.</param>
/// <param name="FarLockMs">The same, far.</param>
/// <param name="SagaLockMs">The same under the saga, far.</param>
/// <param name="OutageSeconds">How long the coordinator was dead.</param>
/// <param name="LeftBranches">Prepared branches that an outage left, at most.</param>
/// <param name="SettleSeconds">From restart to the last lock released, the longer of two.</param>
/// <param name="SagaHalfDone">Orders seen half done while the saga's driver was dead.</param>
/// <param name="TightLockMs">Longest lock on a healthy database's row beside a hanging one, with the tight limit.</param>
/// <param name="LooseLockMs">The same with the loose limit.</param>
/// <param name="TightSeconds">The tight limit.</param>
/// <param name="LooseSeconds">The loose limit.</param>
/// <param name="TwoPhaseWrong">Two-phase purchases: what was wrong at rest, a thousand purchases.</param>
/// <param name="SagaWrong">Saga that looks first: the same.</param>
/// <param name="ReserveWrong">Saga that reserves first: the same.</param>
/// <param name="TwoPhaseSeenHalf">Orders seen in one database only, a thousand purchases: two-phase commit.</param>
/// <param name="SagaSeenHalf">The same: saga that reserves first.</param>
/// <param name="StuckShare">Of the sagas that turned back after changing something, the share that got stuck.</param>
/// <param name="WholeStrategies">Strategies for a store that cannot prepare after which no kill left anything apart.</param>
internal sealed record ChooseResult(
    IReadOnlyList<Pace> Paces, int FarDelayMs, double NearLockMs, double FarLockMs, double SagaLockMs, double OutageSeconds, int LeftBranches, double SettleSeconds, int SagaHalfDone,
    double TightLockMs, double LooseLockMs, double TightSeconds, double LooseSeconds, double TwoPhaseWrong, double SagaWrong, double ReserveWrong,
    double TwoPhaseSeenHalf, double SagaSeenHalf, double StuckShare, IReadOnlyList<string> WholeStrategies) : ExperimentResult
{
    /// <summary>None of its own.</summary>
    public override int Split => 0;

    public override Section Describe() => new ChooseSection(this).Build();

    public static ChooseResult From(LocksResult locks, KilledResult killed, SlowResult slow, AnomaliesResult anomalies, CannotPrepareResult stores)
    {
        var far = locks.ByDelay(Way.TwoPhase).Last();
        var turnedBack = new[] { anomalies.LookFirst, anomalies.ReserveFirst }.Sum(way => way.Compensated + way.Stuck);
        return new ChooseResult(
            [
                PaceOf("near, many products", way => locks.ByProducts(way).Last()), PaceOf("near, everybody wants the same", way => locks.ByProducts(way).First()),
                PaceOf($"far ({far.DelayMs} ms each way)", way => locks.ByDelay(way).Last()),
            ],
            far.DelayMs, locks.Waits[0].LockedMs, locks.Waits[^1].LockedMs, locks.ByDelay(Way.Saga).Last().OrdersLockMs.P50,
            killed.Prepared.RestartedAt - killed.Prepared.KilledAt, Math.Max(killed.Prepared.Left, killed.Decided.Left), Math.Max(killed.Prepared.SettleSeconds, killed.Decided.SettleSeconds), killed.Saga.HalfDoneSeen,
            slow.Of(Condition.Hanging, slow.Parameters.Tight).HealthyRowsLockMs.Max, slow.Of(Condition.Hanging, slow.Parameters.Loose).HealthyRowsLockMs.Max, slow.Parameters.Tight, slow.Parameters.Loose,
            PerThousand(anomalies.TwoPhase, way => way.AtRest), PerThousand(anomalies.LookFirst, way => way.AtRest), PerThousand(anomalies.ReserveFirst, way => way.AtRest),
            PerThousand(anomalies.TwoPhase, way => way.SeenHalf), PerThousand(anomalies.ReserveFirst, way => way.SeenHalf),
            turnedBack == 0 ? 0 : (anomalies.LookFirst.Stuck + anomalies.ReserveFirst.Stuck) / (double)turnedBack,
            [.. stores.Strategies.Where(strategy => strategy.ApartForGood == 0).Select(strategy => Strategies.Name(strategy.Strategy))]);

        static Pace PaceOf(string situation, Func<Way, LockPoint> point) =>
            new(situation, point(Way.Local).Throughput, point(Way.TwoPhase).Throughput, point(Way.Saga).Throughput);
    }

    // Of purchases that were begun and not merely refused for want of stock or money.
    private static double PerThousand(WayResult way, Func<WayResult, int> count) => 1000.0 * count(way) / Math.Max(1, way.Done + way.Compensated + way.Stuck);
}
