using Coordinator.Lab.Experiments.Locks;
using Coordinator.Lab.Measure;
using Coordinator.Lab.Report;
using Coordinator.Lab.Report.Charts;

namespace Coordinator.Lab.Tests;

/// <summary>Texts follow the numbers: a direction that does not hold in a run is not claimed.</summary>
public class ConclusionTests
{
    [Fact]
    public void Locks_Grown_SaysHowOftenTheDistanceWasPaid()
    {
        var text = string.Join('\n', Result(nearLock: 4, farLock: 104).Describe().Conclusions);

        Assert.Contains("every millisecond of distance was paid 5 times", text, StringComparison.Ordinal);
        Assert.Contains("4 times as long", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Locks_NotGrown_SaysSo()
    {
        var text = string.Join('\n', Result(nearLock: 50, farLock: 40).Describe().Conclusions);

        Assert.Contains("In this run the lock time did not grow with the distance", text, StringComparison.Ordinal);
        Assert.DoesNotContain("was paid", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Locks_Split_IsTheResultsSplit() => Assert.Equal(3, (Result(4, 104) with { Points = [Point(Way.TwoPhase, 0, 4) with { Split = 3 }] }).Split);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.0123, "0.012")]
    [InlineData(1.234, "1.23")]
    [InlineData(12.34, "12.3")]
    [InlineData(1234.5, "1,235")]
    public void Number_Any_HasAboutThreeDigits(double value, string text) => Assert.Equal(text, Text.Number(value));

    [Theory]
    [InlineData(0)]
    [InlineData(0.4)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(12345)]
    public void Scale_FromZero_HoldsTheHighestBetweenFewTicks(double highest)
    {
        var scale = Scale.FromZero(highest, from: 100, to: 0);

        Assert.InRange(scale.At(highest), 0, 100);
        Assert.Equal(100, scale.At(0));
        Assert.InRange(scale.Ticks.Count, 2, 6);
        Assert.True(scale.Ticks[^1] >= highest);
    }

    [Fact]
    public void Scale_Decades_AreEvenlyApart()
    {
        var scale = Scale.Decades(1, 1000, from: 0, to: 300);

        Assert.Equal([0, 100, 200, 300], scale.Ticks.Select(scale.At));
    }

    [Fact]
    public void Html_HostileText_IsEscaped()
    {
        var section = new Section(1, "x", "<script>alert(1)</script>", "a & b", [], [("<b>", "\"")]) { Conclusions = ["1 < 2"] };
        var machine = new Machine("<cpu>", 2, "1 GiB", "s", "r", "p", "m", "0", DateTimeOffset.UnixEpoch);

        var page = HtmlReport.Write([section], machine);

        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<cpu>", page, StringComparison.Ordinal);
        Assert.Contains("1 &lt; 2", page, StringComparison.Ordinal);
    }

    private static LocksResult Result(double nearLock, double farLock) => new(
        new LocksParameters { Products = [100], Delays = [0, 20], DelayProducts = 100 },
        [
            Point(Way.Local, 0, 1), Point(Way.Local, 20, 1), Point(Way.TwoPhase, 0, nearLock), Point(Way.TwoPhase, 20, farLock), Point(Way.Saga, 0, 1), Point(Way.Saga, 20, 1),
        ],
        [new LockWait(0, 0, nearLock, nearLock), new LockWait(20, 20, farLock, farLock)]);

    private static LockPoint Point(Way way, int delay, double locked)
    {
        var one = new Distribution(1, locked, locked, locked);
        return new LockPoint(way, 100, delay, delay, 100, one, one, one, 10, 0, 0, 0, 0, 0);
    }
}
