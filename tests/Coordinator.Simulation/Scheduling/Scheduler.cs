namespace Coordinator.Simulation.Scheduling;

/// <summary>
/// One thread, virtual time. Of all that is ready the seed chooses what runs next; when nothing is, the clock jumps to the
/// next timer. A continuation between two awaits is one step, so whatever may happen between steps may happen at any await.
/// </summary>
internal sealed class Scheduler(SeededRandom random)
{
    private readonly List<Step> _ready = [];
    private readonly PriorityQueue<Event, (long Due, long Order)> _events = new();
    private long _order;

    /// <summary>Virtual time since the beginning.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>How many steps have run.</summary>
    public int Steps { get; private set; }

    /// <summary>A digest of every choice so far: equal for equal runs.</summary>
    public ulong Digest { get; private set; } = 0xcbf29ce484222325;

    /// <summary>Called before each step.</summary>
    public Action? BeforeStep { get; set; }

    /// <summary>Called with the process whose step was chosen, which may be killed there.</summary>
    public Action<SimulatedProcess>? Stepping { get; set; }

    public void Ready(SimulatedProcess process, SynchronizationContext context, SendOrPostCallback callback, object? state) =>
        _ready.Add(new Step(process, context, callback, state));

    /// <summary>Has something happen in the world, outside all processes.</summary>
    public Event After(TimeSpan delay, Action happen)
    {
        var happening = new Event(happen);
        _events.Enqueue(happening, ((Now + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero)).Ticks, _order++));
        return happening;
    }

    /// <summary>Runs until the condition holds.</summary>
    /// <returns>False if it does not within the limit of virtual time or of steps.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit, int maxSteps)
    {
        var end = Now + limit;
        var lastStep = Steps + maxSteps;
        while (!condition())
        {
            if (Now > end || Steps > lastStep || !RunOne())
                return false;
        }

        return true;
    }

    private bool RunOne()
    {
        while (_ready.Count == 0)
        {
            if (!_events.TryDequeue(out var next, out var at))
                return false;
            if (next.Happen is not { } happen)
                continue;
            if (at.Due > Now.Ticks)
                Now = TimeSpan.FromTicks(at.Due);
            happen();
        }

        BeforeStep?.Invoke();
        if (_ready.Count == 0)
            return true;
        var index = random.Below(_ready.Count);
        var step = _ready[index];
        _ready[index] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        if (step.Process.IsDead)
            return true;
        Stepping?.Invoke(step.Process);
        if (step.Process.IsDead)
            return true;
        if (step.Process.Hold(step))
            return true;
        Steps++;
        Digest = (Digest ^ (ulong)index ^ ((ulong)step.Process.Number << 32) ^ (ulong)Now.Ticks) * 0x100000001b3;
        SynchronizationContext.SetSynchronizationContext(step.Context);
        try
        {
            step.Callback(step.State);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }

        return true;
    }

    /// <summary>A continuation that may run.</summary>
    internal readonly record struct Step(SimulatedProcess Process, SynchronizationContext Context, SendOrPostCallback Callback, object? State);

    /// <summary>Something that will happen, unless it is cancelled.</summary>
    internal sealed class Event(Action happen)
    {
        public Action? Happen { get; private set; } = happen;

        public void Cancel() => Happen = null;
    }
}
