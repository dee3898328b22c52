using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Nodes;

/// <summary>
/// A stream between two processes, as a connection is: in order, until it breaks; then each side notices when it notices,
/// and what is on its way arrives or not. Where the schedule says so, messages overtake each other or come twice.
/// </summary>
/// <param name="world">Its faults are the link's.</param>
/// <param name="caller">Who opened it.</param>
/// <param name="callee">Who took it.</param>
/// <param name="isStream">
/// True: both ends are written for what HTTP/2 gives, which neither reorders nor repeats; and both notice silence, so that the
/// link may go dead without anybody being told.
/// </param>
internal sealed class Link(World world, SimulatedProcess caller, SimulatedProcess callee, bool isStream = false)
{
    private readonly Dictionary<SimulatedProcess, Action<object>> _receivers = [];
    private readonly Dictionary<SimulatedProcess, Action> _breakers = [];
    private readonly Dictionary<SimulatedProcess, TimeSpan> _lastArrival = [];
    private bool _isBroken;
    private bool _isSilent;

    /// <summary>What a side does with a message, and at the end. The callee must listen before the caller sends.</summary>
    public void Listen(SimulatedProcess side, Action<object> onMessage, Action onBroken)
    {
        _receivers[side] = onMessage;
        _breakers[side] = onBroken;
        side.Killed += Break;
        // The other side may have given up while the call was on its way.
        if (_isBroken)
            world.Scheduler.After(world.Delay(), () => side.Receive(onBroken));
    }

    public void Send(SimulatedProcess from, object message)
    {
        if (_isBroken || _isSilent)
            return;
        var faults = world.Faults;
        if (world.Network.Chance(faults.LinkBreaks))
        {
            Break();
            return;
        }

        if (isStream && world.Network.Chance(faults.StreamsGoSilent))
        {
            world.Oracle.Tally.Count("streams that went silent");
            _isSilent = true;
            return;
        }

        var to = from == caller ? callee : caller;
        Deliver(to, message);
        if (MayReorder && world.Network.Chance(faults.MessageTwice))
            Deliver(to, message);
    }

    /// <summary>Breaks it; both sides hear of it, each in its time.</summary>
    public void Break()
    {
        if (_isBroken)
            return;
        _isBroken = true;
        foreach (var (side, onBroken) in _breakers)
            world.Scheduler.After(world.Network.Between(TimeSpan.Zero, TimeSpan.FromSeconds(world.Faults.LinkBreaks > 0 ? 2 : 0.05)), () => side.Receive(onBroken));
    }

    private bool MayReorder => !isStream && world.Faults.LinksReorder;

    private void Deliver(SimulatedProcess to, object message)
    {
        var arrival = world.Scheduler.Now + world.Delay();
        if (!MayReorder && _lastArrival.TryGetValue(to, out var last) && arrival < last)
            arrival = last;
        _lastArrival[to] = arrival;
        // A receiver that has read a message before the break executes it after it.
        var arrivesAnyway = world.Network.Chance(0.5);
        world.Scheduler.After(arrival - world.Scheduler.Now, () =>
        {
            if (!_isBroken || arrivesAnyway)
                Queue(to, message);
        });
    }

    // Of what has arrived, one after the other, as it came.
    private void Queue(SimulatedProcess to, object message)
    {
        var inbox = _inbox.TryGetValue(to, out var existing) ? existing : _inbox[to] = new Queue<object>();
        inbox.Enqueue(message);
        to.Receive(() => _receivers[to](inbox.Dequeue()));
    }

    private readonly Dictionary<SimulatedProcess, Queue<object>> _inbox = [];
}
