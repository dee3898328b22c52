namespace Coordinator.Simulation.Scheduling;

/// <summary>
/// One process: all of its code runs in its context. When it is killed, nothing of it runs on: its timers and its
/// continuations are dropped, and what it had asked of others takes effect or not, as the world draws.
/// </summary>
internal sealed class SimulatedProcess : SynchronizationContext
{
    private readonly Scheduler _scheduler;
    private readonly Action<string, Exception> _onBroken;
    private readonly List<Scheduler.Step> _held = [];
    private readonly Outside _outside;
    private bool _isPaused;

    public SimulatedProcess(Scheduler scheduler, int number, string name, TimeSpan clockSkew, Action<string, Exception> onBroken)
    {
        _scheduler = scheduler;
        _onBroken = onBroken;
        Number = number;
        Name = name;
        Time = new SimulatedTime(scheduler, this, clockSkew);
        _outside = new Outside(this);
    }

    public int Number { get; }

    public string Name { get; }

    /// <summary>What stays the same from one start of it to the next.</summary>
    public required string Label { get; init; }

    public bool IsDead { get; private set; }

    /// <summary>Its clock: the monotonic one is right, the one on the wall may be off.</summary>
    public SimulatedTime Time { get; }

    /// <summary>Called when it is killed, in the order of their setting.</summary>
    public event Action? Killed;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!IsDead)
            _scheduler.Ready(this, this, d, state);
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>
    /// Runs something that came from outside: a timer, a message. In a context of its own, so that a task completed there
    /// doesn't run its continuations on the same stack: the scheduler chooses when they run.
    /// </summary>
    public void Receive(Action handle)
    {
        if (!IsDead)
            _scheduler.Ready(this, _outside, static state => ((Action)state!)(), handle);
    }

    /// <summary>Starts a part of the process that runs for ever, or to its end. An exception that it lets out is a finding.</summary>
    public void Start(Func<Task> body) => Post(_ => _ = GuardAsync(body), null);

    public void Kill()
    {
        if (IsDead)
            return;
        IsDead = true;
        _held.Clear();
        Killed?.Invoke();
    }

    /// <summary>Stops it as a signal or a full machine does: its timers come late, and all that came meanwhile at once.</summary>
    public void Pause(TimeSpan duration)
    {
        _isPaused = true;
        _scheduler.After(duration, () =>
        {
            _isPaused = false;
            foreach (var step in _held)
                _scheduler.Ready(step.Process, step.Context, step.Callback, step.State);
            _held.Clear();
        });
    }

    /// <summary>True if the step must wait because the process is paused.</summary>
    public bool Hold(Scheduler.Step step)
    {
        if (_isPaused)
            _held.Add(step);
        return _isPaused;
    }

    public Task Delay(TimeSpan delay) => Task.Delay(delay, Time);

    private async Task GuardAsync(Func<Task> body)
    {
        try
        {
            await body();
        }
        catch (Exception exception)
        {
            _onBroken(Name, exception);
        }
    }

    private sealed class Outside(SimulatedProcess process) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => process.Post(d, state);

        public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

        public override SynchronizationContext CreateCopy() => this;
    }
}
