using Coordinator.ResourceManagers.Postgres;

namespace Coordinator.ResourceManagers.Tests.Postgres;

public sealed class TextTests
{
    [Theory]
    [InlineData(1, "0/3000000", true)]
    [InlineData(1, "0/3000001", false)]
    [InlineData(2, "1/5", true)]
    [InlineData(3, "0/1", false)]
    public void TimelineHistory_ContainsUpToTheSwitch(int timeline, string lsn, bool expected) =>
        Assert.Equal(expected, TimelineHistory.Contains(
            "1\t0/3000000\tno recovery target specified\n\n2\t1/10\tbefore 2026-01-01\n", (uint)timeline, Lsn.Parse(lsn)));

    [Fact]
    public void Evidence_RoundTrips()
    {
        const string Text = "pg1:7710441091087358429:1A:4294967999:1/ABCDEF01";
        Assert.True(Evidence.TryParse(Text, out var evidence));
        Assert.Equal(Text, evidence.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("pg2:1:1:1:0/1")]
    [InlineData("pg1:1:1:1:0/1\n")]
    [InlineData("pg1:1:1:1':0/1")]
    public void Evidence_NotWhollyOurs_IsNone(string? text) => Assert.False(Evidence.TryParse(text, out _));
}
