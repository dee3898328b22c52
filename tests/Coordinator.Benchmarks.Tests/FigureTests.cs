using System.Diagnostics;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;
using Coordinator.Benchmarks.TwoPhase;

namespace Coordinator.Benchmarks.Tests;

/// <summary>Arithmetic between what was measured and what is shown.</summary>
public class FigureTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3.0)]
    [InlineData(new[] { 9.0, 1.0, 2.0 }, 2.0)]
    [InlineData(new[] { 4.0, 1.0, 2.0, 100.0 }, 3.0)]
    public void Median_IsTheMiddle(double[] values, double expected) => Assert.Equal(expected, Medians.Of(values));

    [Fact]
    public void Quantile_OfAHundred_IsTheOneThatSoManyDoNotExceed()
    {
        var ticks = Enumerable.Range(1, 100).Select(milliseconds => milliseconds * Stopwatch.Frequency / 1000).ToArray();

        Assert.Equal(50_000, Slice.Quantile(ticks, 0.50));
        Assert.Equal(99_000, Slice.Quantile(ticks, 0.99));
        Assert.Equal(100_000, Slice.Quantile(ticks, 1));
        Assert.Equal(0, Slice.Quantile([], 0.5));
    }

    [Fact]
    public void Points_RatioIsTheMedianOfTheRounds_NotOfTheRates()
    {
        Slice[] floor = [Of(100), Of(1000), Of(10)], own = [Of(90), Of(500), Of(8)];

        var row = Points.Of("own", 8, "postgres+mariadb", own, floor);

        Assert.Equal(0.8, row.RatioToFloor!.Value, 6);
        Assert.Equal(90, row.Tps!.Value, 6);
        Assert.Null(Points.Of("own", 8, null, own, floor: null).RatioToFloor);
    }

    [Fact]
    public void Points_CpuAndLog_AreThoseOfOneTransaction()
    {
        var slice = new Slice(
            200, TimeSpan.FromSeconds(1), 1, 2, new Dictionary<string, double> { ["a"] = 20_000, ["b"] = 10_000 }, new LogCounts(400, 50, 30_000, 3, 1));

        var row = Points.Of("own", 8, null, [slice], floor: null);

        Assert.Equal(150, row.CpuUsPerTx);
        Assert.Equal(100, row.CpuUs["a"]);
        Assert.Equal(0.25, row.Figures[Points.ForcedWrites]);
        // The mark three times, and one copy of the write-ahead file, which forces both files.
        Assert.Equal(0.025, row.Figures[Points.OtherForces]);
        Assert.Equal(150, row.Figures[Points.LogBytes]);
    }

    [Fact]
    public void Goals_AreMetOrMissed_AndLeftOutWhereNothingWasMeasured()
    {
        Row[] rows =
        [
            new(FloorCase.Separate, 32, ServerPair.Names[0], 1000, 100, 200, 600, 1),
            new(InitiatorCase.Embedded, 32, ServerPair.Names[0], 960, 100, 200, 700, 0.96) { Figures = new Dictionary<string, double> { [Points.ForcedWrites] = 0.2 } },
        ];

        var goals = TwoPhaseReport.Goals(rows).Where(goal => goal.Measured is not null).ToList();

        Assert.Equal([true, false], goals.Select(goal => goal.IsMet));
    }

    [Fact]
    public void Cpu_OfABusyProcess_Grows()
    {
        var before = MeasuredProcess.Own.ReadMicroseconds();
        for (var started = Stopwatch.GetTimestamp(); MeasuredProcess.Own.ReadMicroseconds() <= before;)
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "No processor time in 30 s.");
    }

    private static Slice Of(int perSecond) =>
        new(perSecond, TimeSpan.FromSeconds(1), P50Us: 1, P99Us: 2, new Dictionary<string, double> { ["application"] = 1 }, Log: null);
}
