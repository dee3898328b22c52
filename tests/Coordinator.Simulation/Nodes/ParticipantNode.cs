using Coordinator.Contracts.V1;
using Coordinator.Participant.Attach;
using Coordinator.Participant.Session;
using Coordinator.Server;
using Coordinator.Simulation.Checks;
using Coordinator.Simulation.Databases;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Nodes;

/// <summary>
/// One place where a participant's process runs: the real session, executor and watch over one database. A process that
/// was killed is followed by another instance. Where an application hosts it, it shares that one's process and its end.
/// </summary>
internal sealed class ParticipantNode(World world, SimulatedServer server, string name, InitiatorNode? host = null) : IEnlistment
{
    private SimulatedProcess _process = null!;
    private Link? _link;
    private PendingEnlistments? _enlistments;
    private TranscriptLogger<ParticipantNode> _logger = null!;
    private int _starts;

    public SimulatedServer Server => server;

    public SimulatedProcess Process => _process;

    public ParticipantSession? Session { get; private set; }

    public SimulatedResourceManager? Resources { get; private set; }

    private string? Restarted { get; set; }

    public void Start() => StartIn(world.NewProcess("participant " + name, ++_starts));

    public void StartIn(SimulatedProcess process)
    {
        _process = process;
        Session = null;
        _link = null;
        var random = world.Random.Split();
        _logger = new TranscriptLogger<ParticipantNode>(process.Name, world.Transcript, world.Oracle);
        process.Start(() => RunAsync(process, new SimulatedResourceManager(server, process, world, random), random));
    }

    public void Crash()
    {
        if (host is not null)
        {
            host.Crash();
            return;
        }

        if (_process.IsDead)
            return;
        world.Oracle.Note($"{_process.Name} is killed");
        world.Oracle.Tally.Count("kills: participant");
        _process.Kill();
        Vanished();
        world.Scheduler.After(world.Random.Between(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(5)), Start);
    }

    /// <summary>Its process is dead.</summary>
    public void Vanished() => Session = null;

    /// <inheritdoc/>
    public async Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken)
    {
        if (_link is not { } link || _enlistments is not { } enlistments)
            throw new ParticipantUnavailableException("not attached");
        var (id, reply) = enlistments.Add();
        link.Send(_process, new ParticipantMessage { Enlist = new Enlist { EnlistId = id, TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString() } });
        try
        {
            return await reply.OnCallersScheduler().WaitAsync(world.ParticipantOptions.EnlistTimeout, _process.Time, cancellationToken);
        }
        catch (TimeoutException late)
        {
            throw new ParticipantUnavailableException("no acknowledgement", late);
        }
        finally
        {
            enlistments.Remove(id);
        }
    }

    private async Task RunAsync(SimulatedProcess process, SimulatedResourceManager resources, SeededRandom random)
    {
        var instance = $"{random.NextRandom() & 0xffffffff:x8}";
        var own = new BranchName(server.Name, instance);
        Resources = resources;
        var session = new ParticipantSession(
            own, resources, await AttachToDatabaseAsync(process, resources), this, world.ParticipantOptions, process.Time, _logger);
        Session = session;
        process.Start(() => new ResourceWatch(session, resources, SendRestarted, world.ParticipantOptions, process.Time, _logger).RunAsync(CancellationToken.None));
        while (true)
        {
            session.Refresh(await AttachToDatabaseAsync(process, resources));
            await AttachOnceAsync(process, session, instance);
            await process.Delay(random.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(500)));
        }
    }

    private static async Task<ResourceAttachment> AttachToDatabaseAsync(SimulatedProcess process, SimulatedResourceManager resources)
    {
        while (true)
        {
            try
            {
                return await resources.AttachAsync(CancellationToken.None);
            }
            catch (Exception failure) when (failure is DatabaseException or IOException or TimeoutException)
            {
                await process.Delay(TimeSpan.FromMilliseconds(200));
            }
        }
    }

    private void SendRestarted(string serverStart)
    {
        Restarted = serverStart;
        _link?.Send(_process, new ParticipantMessage { ResourceRestarted = new ResourceRestarted { ServerStart = serverStart } });
    }

    private async Task AttachOnceAsync(SimulatedProcess process, ParticipantSession session, string instance)
    {
        if (world.Coordinator.Process is not { IsDead: false } coordinator || world.Network.Chance(world.Faults.MessageLost))
            return;
        var link = new Link(world, process, coordinator);
        var ended = new TaskCompletionSource();
        var enlistments = new PendingEnlistments();
        var executor = new CommandExecutor(session, world.ParticipantOptions, _logger);
        var resource = session.Resource;
        link.Listen(
            process,
            message => Receive(process, link, (CoordinatorMessage)message, session, executor, enlistments, resource),
            () =>
            {
                if (_link == link)
                    _link = null;
                enlistments.FailAll(new IOException("the stream broke"));
                ended.TrySetResult();
            });
        world.Scheduler.After(world.Delay(), () => coordinator.Receive(() =>
            world.Coordinator.Accept(link, coordinator, new Registration(server.Name, instance, resource, ""))));
        // The coordinator may have died before it took the call.
        var silence = process.Delay(TimeSpan.FromSeconds(10));
        if (await Task.WhenAny(ended.Task, silence) == silence && _link != link)
            link.Break();
        await ended.Task;
    }

    private void Receive(
        SimulatedProcess process, Link link, CoordinatorMessage message, ParticipantSession session, CommandExecutor executor, PendingEnlistments enlistments,
        ResourceAttachment resource)
    {
        switch (message.MessageCase)
        {
            case CoordinatorMessage.MessageOneofCase.Registered:
                if (!session.TryAdvanceEpoch(ClusterId.Parse(message.Registered.Cluster), Epoch.Parse(message.Registered.Epoch)))
                {
                    world.Oracle.Note($"{process.Name}: epoch {message.Registered.Epoch} is refused");
                    link.Break();
                    RefusedEpoch();
                    return;
                }

                (_link, _enlistments) = (link, enlistments);
                if (Restarted is { } restarted && restarted != resource.ServerStart)
                    SendRestarted(restarted);
                break;
            case CoordinatorMessage.MessageOneofCase.EnlistReply:
                enlistments.Complete(message.EnlistReply);
                break;
            case CoordinatorMessage.MessageOneofCase.Command:
                process.Start(async () => link.Send(process, new ParticipantMessage { Answer = await executor.ExecuteAsync(message.Command) }));
                break;
        }
    }

    // An operator reads what the refusal says, and restarts the participant.
    private void RefusedEpoch()
    {
        if (world.Coordinator.RestoredTimes > 0)
            Crash();
    }
}
