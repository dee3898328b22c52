using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Coordinator.Server;
using Coordinator.Simulation.Checks;
using Coordinator.Simulation.Disk;
using Coordinator.Simulation.Scheduling;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Simulation.Nodes;

/// <summary>The coordinator's machine: one process after the other on one log. The engine is the real one.</summary>
internal sealed class CoordinatorNode(World world) : IDisposable
{
    private readonly Dictionary<string, Link> _links = [];
    private readonly List<EngineMetrics> _metrics = [];
    private TransactionCoordinator? _coordinator;
    private SimulatedProcess? _process;

    public SimulatedDisk Disk { get; } = new(world.Random.Split());

    /// <summary>The running engine, once it has started; null while it is down.</summary>
    public TransactionCoordinator? Running => _process is { IsDead: false } ? _coordinator : null;

    public SimulatedProcess? Process => _process;

    public ServerMetrics ServerMetrics { get; } = new();

    /// <summary>Of the running process.</summary>
    public ILogger Logger { get; private set; } = NullLogger.Instance;

    public int RestoredTimes { get; private set; }

    public void Start()
    {
        var process = _process = world.NewProcess("coordinator");
        _coordinator = null;
        var logger = new TranscriptLogger<TransactionCoordinator>(process.Name, world.Transcript, world.Oracle);
        Logger = logger;
        process.Start(async () =>
        {
            var log = new SimulatedLog(Disk, process, () => world.Faults, world.Random.Split(), world.Oracle.Decided, world.Oracle.Ended, () => world.Oracle.Tally.Count("log writes that failed"));
            var coordinator = new TransactionCoordinator(
                log, world.Setup.Engine, process.Time, world.Random.Split(), logger);
            _metrics.Add(coordinator.Metrics);
            try
            {
                await coordinator.StartAsync();
                _coordinator = coordinator;
                if (Disk.IsDamaged)
                    world.Oracle.Violate("the log has a flipped bit, and the coordinator started");
            }
            catch (LogRefusedException refused)
            {
                world.Oracle.Note("the coordinator refuses to start: " + refused.Message);
                world.Oracle.Tally.Count("starts refused by a damaged log");
                if (!Disk.IsDamaged)
                    world.Oracle.Violate("the log is refused, and nobody damaged it: " + refused.Message);
                if (!refused.Message.Contains("ecord ", StringComparison.Ordinal))
                    world.Oracle.Violate("the refusal names no record: " + refused.Message);
                Disk.Repair();
                Crash();
            }
            catch (LogOutcomeUnknownException)
            {
                // As the real process does: it ends, and is started again.
                Crash();
            }
        });
    }

    /// <summary>kill -9, and a start after a while; perhaps on a disk with something wrong.</summary>
    public void Crash()
    {
        if (_process is not { IsDead: false } process)
            return;
        world.Oracle.Note("coordinator is killed");
        world.Oracle.Tally.Count("kills: coordinator");
        process.Kill();
        Disk.Crash(world.Faults);
        world.Scheduler.After(world.Random.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5)), () =>
        {
            if (Disk.HasBackup && world.Random.Chance(world.Faults.LogRestored))
                Restore();
            else if (world.Random.Chance(world.Faults.BitFlips))
                Disk.FlipBit();
            Start();
        });
    }

    /// <summary>A call from a client: it may arrive twice, or not at all, and so may its answer.</summary>
    /// <exception cref="TimeoutException">No answer.</exception>
    public async Task<T> CallAsync<T>(SimulatedProcess caller, Func<TransactionCoordinator, Task<T>> call, TimeSpan limit)
    {
        var answer = new TaskCompletionSource<T>();
        if (!world.Network.Chance(world.Faults.MessageLost))
            Arrive(call, answer);
        if (world.Network.Chance(world.Faults.MessageTwice))
            Arrive(call, answer);
        return await answer.Task.WaitAsync(limit, caller.Time);
    }

    /// <summary>A participant's stream. What the service does with it, without HTTP around it.</summary>
    public void Accept(Link link, SimulatedProcess process, Registration registration)
    {
        if (Running is not { } coordinator || process != _process)
        {
            link.Break();
            return;
        }

        var isOpen = true;
        var participant = new AttachedParticipant(registration, coordinator.Epoch, message =>
        {
            if (isOpen)
                link.Send(process, message);
            return isOpen;
        });
        link.Listen(
            process,
            message => Receive(coordinator, participant, link, process, (ParticipantMessage)message),
            () =>
            {
                isOpen = false;
                coordinator.Detach(participant);
                participant.Pending.FailAll("The stream broke.");
            });
        process.Start(async () =>
        {
            link.Send(process, new CoordinatorMessage
            {
                Registered = new Registered { Cluster = coordinator.Cluster.Value, Epoch = coordinator.Epoch.ToString(), KeepAliveInterval = Duration.FromTimeSpan(TimeSpan.FromSeconds(5)) },
            });
            try
            {
                await coordinator.AttachAsync(participant);
                // It broke while it was being attached: nobody else will detach it.
                if (!isOpen)
                    coordinator.Detach(participant);
                if (_links.Remove(registration.Instance, out var replaced))
                    replaced.Break();
                _links[registration.Instance] = link;
                if (!coordinator.IsAttached(participant))
                    link.Break();
            }
            catch (RefusedException refused)
            {
                world.Oracle.Note($"{registration.Name} is refused: {refused.Message}");
                link.Break();
            }
        });
    }

    /// <summary>Meters are known to the whole process: those of a world that is over would keep all of it in memory.</summary>
    public void Dispose()
    {
        _metrics.ForEach(metrics => metrics.Dispose());
        ServerMetrics.Dispose();
    }

    private void Restore()
    {
        Disk.RestoreBackup();
        RestoredTimes++;
        world.Oracle.Note("the log is replaced by an old backup");
        world.Oracle.Tally.Count("logs restored from a backup");
        // Undeclared it can be noticed only where every database remembers more than the backup holds.
        if (world.Faults.RestoreIsDeclared || !world.Servers.All(server => server.Marks.Any(Disk.Lacks)))
            SimulatedRestore.Declare(Disk, world.Oracle);
    }

    private static void Receive(TransactionCoordinator coordinator, AttachedParticipant participant, Link link, SimulatedProcess process, ParticipantMessage message)
    {
        switch (message.MessageCase)
        {
            case ParticipantMessage.MessageOneofCase.Enlist:
                link.Send(process, new CoordinatorMessage { EnlistReply = Enlist(coordinator, message.Enlist) });
                break;
            case ParticipantMessage.MessageOneofCase.Answer:
                participant.Pending.Complete(message.Answer);
                break;
            case ParticipantMessage.MessageOneofCase.ResourceRestarted:
                process.Start(() => coordinator.ScanAsync(participant));
                break;
        }
    }

    private static EnlistReply Enlist(TransactionCoordinator coordinator, Enlist enlist)
    {
        try
        {
            var branch = new BranchId(TransactionId.Parse(enlist.TransactionId), BranchName.Parse(enlist.Branch));
            return new EnlistReply { EnlistId = enlist.EnlistId, Remaining = Duration.FromTimeSpan(coordinator.Enlist(branch)) };
        }
        catch (EnlistmentRefusedException refused)
        {
            return new EnlistReply { EnlistId = enlist.EnlistId, RefusedReason = refused.Reason, Message = refused.Message };
        }
    }

    private void Arrive<T>(Func<TransactionCoordinator, Task<T>> call, TaskCompletionSource<T> answer) => world.Scheduler.After(world.Delay(), () =>
    {
        if (Running is { } coordinator && _process is { } process)
            process.Start(() => HandleAsync(coordinator, call, answer));
    });

    private async Task HandleAsync<T>(TransactionCoordinator coordinator, Func<TransactionCoordinator, Task<T>> call, TaskCompletionSource<T> answer)
    {
        Action reply;
        try
        {
            var result = await call(coordinator);
            reply = () => answer.TrySetResult(result);
        }
        catch (RefusedException refused)
        {
            reply = () => answer.TrySetException(refused);
        }
        catch (ParticipantUnavailableException away)
        {
            // As the service tells it.
            reply = () => answer.TrySetException(new RefusedException(RefusalKind.Unavailable, Reasons.ParticipantUnavailable, away.Message));
        }

        if (!world.Network.Chance(world.Faults.MessageLost))
            world.Scheduler.After(world.Delay(), reply);
    }
}
