namespace Coordinator.Log.Tests;

public sealed class GatheringTests
{
    private readonly Gathering _gathering = new();

    [Fact]
    public void Target_IsHalfOfWhatIsDecidedAndNotEnded()
    {
        Assert.Equal(0, _gathering.Target);
        _gathering.Decide(1);
        Assert.Equal(0, _gathering.Target);
        _gathering.Decide(9);
        Assert.Equal(5, _gathering.Target);
        for (var i = 0; i < 20; i++)
            _gathering.End();
        Assert.Equal(0, _gathering.Target);
        _gathering.Decide(2);
        Assert.Equal(1, _gathering.Target);
    }

    [Fact]
    public void Learn_FewerCame_WaitsForNoMoreThanThatAndTriesAgainSeldom()
    {
        _gathering.Decide(1000);
        _gathering.Learn(target: 500, came: 1);
        Assert.Equal(1, _gathering.Target);

        var rounds = new List<int>();
        for (var tries = 0; tries < 3; tries++)
        {
            var round = 0;
            for (; _gathering.Target < 2; round++)
                _gathering.Learn(_gathering.Target, came: 1);
            rounds.Add(round);
            _gathering.Learn(target: 2, came: 1);
        }

        Assert.Equal([2 * 64, 2 * 128, 2 * 256], rounds);
    }

    [Fact]
    public void Learn_MoreCameThanWereWaitedFor_WaitsForHalfAsMany()
    {
        _gathering.Decide(1000);
        _gathering.Learn(target: 500, came: 1);
        _gathering.Learn(target: 0, came: 40);
        Assert.Equal(20, _gathering.Target);
    }
}
