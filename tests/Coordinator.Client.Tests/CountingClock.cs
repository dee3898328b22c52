using Microsoft.Extensions.Time.Testing;

namespace Coordinator.Client.Tests;

/// <summary>A clock that only the test moves, and that says how many timers wait for it: the code under test has come to wait.</summary>
public sealed class CountingClock : FakeTimeProvider
{
    private int _timersSet;

    public int TimersSet => Volatile.Read(ref _timersSet);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this, base.CreateTimer(callback, state, dueTime, period));
        Interlocked.Increment(ref _timersSet);
        return timer;
    }

    private sealed class CountedTimer(CountingClock clock, ITimer timer) : ITimer
    {
        private bool _isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

        public void Dispose()
        {
            timer.Dispose();
            if (!Interlocked.Exchange(ref _isDisposed, true))
                Interlocked.Decrement(ref clock._timersSet);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
