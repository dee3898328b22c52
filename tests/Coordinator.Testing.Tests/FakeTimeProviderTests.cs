namespace Coordinator.Testing.Tests;

public class FakeTimeProviderTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Advance_SeveralTimersDue_FireInOrderAtTheirTimes()
    {
        var start = _clock.GetUtcNow();
        using var late = Timer("late", seconds: 3);
        using var early = Timer("early", seconds: 1);
        using var sameAsEarly = Timer("same", seconds: 1);

        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(["early 1", "same 1", "late 3"], _fired);
        Assert.Equal(start + TimeSpan.FromSeconds(5), _clock.GetUtcNow());

        ITimer Timer(string name, int seconds) => _clock.CreateTimer(
            _ => _fired.Add($"{name} {(_clock.GetUtcNow() - start).TotalSeconds}"),
            null,
            TimeSpan.FromSeconds(seconds),
            Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void Advance_PeriodicTimer_FiresUntilDisposed()
    {
        var timer = _clock.CreateTimer(_ => _fired.Add("tick"), null, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(["tick", "tick", "tick"], _fired);
        timer.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(3, _fired.Count);
        Assert.Equal(0, _clock.TimersSet);
    }

    [Fact]
    public async Task Advance_DelaysInARow_CompleteOneByOne()
    {
        var two = DelayTwiceAsync();
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.AssertAsync(() => _clock.TimersSet == 1, TimeSpan.FromSeconds(10), "the second delay is set");
        Assert.False(two.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await two.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private async Task DelayTwiceAsync()
    {
        await Task.Delay(TimeSpan.FromSeconds(1), _clock);
        await Task.Delay(TimeSpan.FromSeconds(1), _clock);
    }
}
