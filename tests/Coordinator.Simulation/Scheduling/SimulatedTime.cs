namespace Coordinator.Simulation.Scheduling;

/// <summary>The clocks of one process. Its timers are steps of it, and die with it.</summary>
internal sealed class SimulatedTime(Scheduler scheduler, SimulatedProcess process, TimeSpan wallClockSkew) : TimeProvider
{
    private static readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _start + scheduler.Now + wallClockSkew;

    // Not zero at the start: zero often stands for "never".
    public override long GetTimestamp() => scheduler.Now.Ticks + TimeSpan.TicksPerHour;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(scheduler, process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Scheduler scheduler, SimulatedProcess process, TimerCallback callback, object? state) : ITimer
    {
        private Scheduler.Event? _next;
        private bool _isDisposed;
        private int _setting;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_isDisposed)
                return false;
            _next?.Cancel();
            _next = null;
            var setting = ++_setting;
            if (dueTime != Timeout.InfiniteTimeSpan)
                _next = scheduler.After(dueTime, () => Fire(setting, period));
            return true;
        }

        public void Dispose()
        {
            _isDisposed = true;
            _next?.Cancel();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire(int setting, TimeSpan period)
        {
            if (process.IsDead)
                return;
            _next = period > TimeSpan.Zero ? scheduler.After(period, () => Fire(setting, period)) : null;
            process.Receive(() =>
            {
                if (!_isDisposed && setting == _setting)
                    callback(state);
            });
        }
    }
}
