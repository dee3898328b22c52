using Coordinator.Lab.Experiments.CannotPrepare;
using Coordinator.Lab.Experiments.Choose;
using Coordinator.Lab.Experiments.CoordinatorKilled;
using Coordinator.Lab.Experiments.Locks;
using Coordinator.Lab.Experiments.SagaAnomalies;
using Coordinator.Lab.Experiments.SlowParticipant;

namespace Coordinator.Lab.Tests;

/// <summary>What must come out of a run on any machine, however slow or busy: directions, and bounds that no speed can break.</summary>
[Collection(QuickRunGroup.Name)]
public class DirectionTests(QuickRun run)
{
    [Fact]
    public void All_Quick_EndsWithoutASplitOutcome()
    {
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("lab: experiments=6 split=0", run.Output.TrimEnd().Split('\n')[^1]);
    }

    [Fact]
    public void Locks_UnderTwoPhaseCommit_GrowWithTheDelay()
    {
        var result = run.Result<LocksResult>();

        // One order at a time: with others at work, queues on a busy machine can be longer than any wire.
        Assert.True(result.Waits[^1].LockedMs > result.Waits[0].LockedMs);
        // While the row is locked at least the enlistment there and back and the commit there cross the wire.
        Assert.All(result.Waits, wait => Assert.True(wait.LockedMs >= 3 * 0.9 * wait.DelayMs, $"{wait}"));
        Assert.All(result.ByDelay(Way.TwoPhase), point => Assert.True(point.OrdersLockMs.P50 >= 3 * 0.9 * point.DelayMs, $"{point}"));
    }

    [Fact]
    public void Locks_ASessionThatWaits_WaitsAsLongAsTheClockSays()
    {
        foreach (var wait in run.Result<LocksResult>().Waits)
        {
            Assert.InRange(wait.WaitedMs, wait.LockedMs * 0.5, (wait.LockedMs * 1.5) + 50);
            Assert.True(wait.WaitedMs >= 3 * 0.9 * wait.DelayMs, $"{wait}");
        }
    }

    [Fact]
    public void Locks_EveryWay_PlacesOrders() =>
        Assert.All(run.Result<LocksResult>().Points, point => Assert.True(point.Done > 0 && point.OrdersLockMs.Count > 0 && point.InventoryLockMs.Count > 0, $"{point}"));

    [Theory]
    [InlineData("prepared", "aborted")]
    [InlineData("decided", "committed")]
    public void Killed_AtEachPoint_HoldsTheRowUntilTheRestartAndSplitsNothing(string point, string end)
    {
        var result = run.Result<KilledResult>();
        var outage = point == "prepared" ? result.Prepared : result.Decided;

        Assert.Equal(0, outage.Split);
        Assert.Equal(end, outage.DrillEnd);
        Assert.True(outage.Left >= 2, "both branches of the stopped order are prepared");
        Assert.Equal(0, outage.During(outage.SameRow));
        Assert.Equal(0, outage.During(outage.Orders));
        Assert.True(outage.During(outage.OtherRows) > 0);
        Assert.True(outage.MostWaiting > 0);
        Assert.True(outage.SettledAt > outage.RestartedAt);
    }

    [Fact]
    public void Killed_TheSagasDriver_BlocksNobodyAndLeavesHalfDoneOrders()
    {
        var outage = run.Result<KilledResult>().Saga;

        Assert.True(outage.HalfDoneSeen > 0);
        Assert.True(outage.During(outage.SameRow) > 0);
        Assert.Equal(0, outage.Split);
    }

    [Fact]
    public void Slow_Hanging_IsBoundedByTheDeadlineAndLeavesOthersAlone()
    {
        var result = run.Result<SlowResult>();
        var (tight, loose) = (result.Of(Condition.Hanging, result.Parameters.Tight), result.Of(Condition.Hanging, result.Parameters.Loose));

        Assert.True(tight.HealthyRowsLockMs.Max < loose.HealthyRowsLockMs.Max);
        Assert.All(result.Runs, one => Assert.True(one.Groups[1].Done > 0, $"{one.Condition}: transactions on other rows go on"));
        Assert.Equal(0, result.Split);
    }

    [Fact]
    public void Anomalies_UnderTwoPhaseCommit_AreNoneAtRestAndNoneUnderLocks()
    {
        var way = run.Result<AnomaliesResult>().TwoPhase;

        Assert.True(way.Done > 0 && way.LockedLooks > 0);
        Assert.Equal((0, 0, 0), (way.AtRest, way.LockedMismatches, way.SeenAndGone));
    }

    [Fact]
    public void Anomalies_OfSagas_AreSeen()
    {
        var result = run.Result<AnomaliesResult>();

        Assert.True(result.LookFirst.SeenHalf > 0 && result.ReserveFirst.SeenHalf > 0);
        Assert.Equal(0, result.ReserveFirst.SoldTwice);
    }

    [Fact]
    public void Stores_KilledAtEachStep_LeaveWhatEachStrategyMust()
    {
        var result = run.Result<CannotPrepareResult>();

        Assert.All(result.Strategies, strategy => Assert.Equal(Strategies.Steps(strategy.Strategy), strategy.Kills.Select(kill => kill.Step)));
        Assert.Equal("message without order", result.Of(Strategy.WrittenBefore).Kills[0].AfterRestart.Describe());
        Assert.Equal("order without message", result.Of(Strategy.WrittenAfter).Kills[0].AfterRestart.Describe());
        Assert.Equal((0, 0), (result.Of(Strategy.Outbox).ApartForGood, result.Of(Strategy.LastResource).ApartForGood));
        Assert.Equal(2, result.Of(Strategy.Outbox).Kills[^1].AfterRestart.Copies);
        Assert.Equal(0, result.Split);
    }

    [Fact]
    public void Choose_ItsFigures_AreThoseThatWereMeasured()
    {
        var (choose, locks) = (run.Result<ChooseResult>(), run.Result<LocksResult>());

        Assert.Equal(locks.Waits[^1].LockedMs, choose.FarLockMs);
        Assert.Equal(locks.ByProducts(Way.Saga).First().Throughput, choose.Paces[1].Saga);
    }
}
