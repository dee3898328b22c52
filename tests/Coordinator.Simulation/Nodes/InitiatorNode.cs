using Coordinator.Client;
using Coordinator.Initiation;
using Coordinator.Initiation.Stream;
using Coordinator.Simulation.Checks;
using Coordinator.Simulation.Databases;
using Coordinator.Simulation.Scheduling;
using Outcome = Coordinator.Engine.Outcome;

namespace Coordinator.Simulation.Nodes;

/// <summary>
/// An application that hosts an instance of each participant, and moves money with transactions of its own (the real
/// initiator). Killed, it is followed by another process, which knows nothing of what the one before had begun.
/// </summary>
internal sealed class InitiatorNode
{
    private readonly World _world;
    private readonly string _name;
    private readonly int _workers;
    private readonly SeededRandom _random;
    private readonly List<ParticipantNode> _participants = [];
    private int _left;
    private int _working;
    private int _starts;

    public InitiatorNode(World world, int number, int workers, int transfers)
    {
        (_world, _name, _workers, _left) = (world, $"application {number}", workers, transfers);
        _random = world.Random.Split();
        Process = null!;
        foreach (var server in world.Servers)
            _participants.Add(new ParticipantNode(world, server, $"{server.Name} in {_name}", host: this));
    }

    public SimulatedProcess Process { get; private set; }

    public IReadOnlyList<ParticipantNode> Participants => _participants;

    /// <summary>True once it has done its work, or died over the last of it.</summary>
    public bool IsDone => _left == 0 && _working == 0;

    public void Start()
    {
        var process = Process = _world.NewProcess(_name, ++_starts);
        process.Killed += () => _working = 0;
        foreach (var participant in _participants)
            participant.StartIn(process);
        process.Start(() =>
        {
            var loggers = new TranscriptLoggers(process.Name, _world.Transcript, _world.Oracle);
            var initiator = new TransactionInitiator(
                new StreamLastAgent(new InitiatorCalls(_world, process), _world.InitiatorOptions, process.Time, loggers.CreateLogger("")),
                _world.InitiatorOptions, process.Time, loggers);
            for (var worker = 0; worker < _workers; worker++)
                process.Start(() => WorkAsync(process, initiator));
            return Task.CompletedTask;
        });
    }

    public void Crash()
    {
        if (Process.IsDead)
            return;
        _world.Oracle.Note($"{Process.Name} is killed");
        _world.Oracle.Tally.Count("kills: application");
        Process.Kill();
        foreach (var participant in _participants)
            participant.Vanished();
        _world.Scheduler.After(_world.Random.Between(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(5)), Start);
    }

    private async Task WorkAsync(SimulatedProcess process, TransactionInitiator initiator)
    {
        while (_left > 0)
        {
            _left--;
            _working++;
            await TransferAsync(process, initiator);
            _working--;
            await process.Delay(_random.Between(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        }
    }

    private async Task TransferAsync(SimulatedProcess process, TransactionInitiator initiator)
    {
        if (await BeginAsync(process, initiator) is not { } transaction)
            return;
        if (_world.Network.Chance(_world.Faults.Meddling))
            new Meddler(_world, transaction.Id, _random.Split()).Start();
        var steps = _world.Setup.IsPlain ? TransferStep.Plain(_participants) : TransferStep.Draw(_random, _participants);
        var isWhole = true;
        foreach (var step in steps)
            isWhole = isWhole && await TryAsync(transaction, step);
        if (isWhole && (_world.Setup.IsPlain || !_random.Chance(0.1)))
            await CommitAsync(process, transaction);
        else if (_random.Chance(0.8))
            await RollbackAsync(transaction);
    }

    private async Task<InitiatedTransaction?> BeginAsync(SimulatedProcess process, TransactionInitiator initiator)
    {
        for (var attempt = 0; attempt < 10; attempt++)
        {
            try
            {
                return await initiator.BeginAsync(new BeginOptions { Name = "transfer", Timeout = _world.Setup.Engine.DefaultTimeout });
            }
            catch (CoordinatorUnavailableException)
            {
                await process.Delay(TimeSpan.FromMilliseconds(200));
            }
        }

        return null;
    }

    private static async Task<bool> TryAsync(InitiatedTransaction transaction, TransferStep step)
    {
        if (step.Node.Session is not { } session || step.Node.Resources is not { } resources)
            return false;
        try
        {
            await using var work = await transaction.EnlistAsync(
                session, new BranchOptions(TimeSpan.FromSeconds(2), IsolationLevel: null, step.MayVoteReadOnly), CancellationToken.None);
            if (step.Delta != 0)
                await resources.Session(work.Id)!.WriteAsync(step.Account, step.Delta);
            return true;
        }
        catch (Exception failure) when (failure is EnlistmentRefusedException or ParticipantUnavailableException or DatabaseException or IOException or TimeoutException)
        {
            return false;
        }
    }

    private async Task CommitAsync(SimulatedProcess process, InitiatedTransaction transaction)
    {
        while (true)
        {
            try
            {
                var result = await transaction.CommitAsync(new CommitOptions
                {
                    Return = _random.Chance(0.7) ? CommitReturn.Delivered : CommitReturn.Decided,
                    Wait = _random.Chance(0.3) ? TimeSpan.FromMilliseconds(20) : TimeSpan.FromSeconds(3),
                });
                _world.Oracle.Told(transaction.Id, Outcome.Committed, "initiators");
                if (!result.DeliveryPending)
                    _world.Oracle.ToldDelivered(transaction.Id);
                return;
            }
            catch (TransactionInDoubtException doubt) when (doubt.CanAskAgain)
            {
                // Some never ask again.
                if (_random.Chance(0.05))
                    return;
                await process.Delay(_random.Between(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
            }
            catch (TransactionException ended)
            {
                _world.Oracle.Told(transaction.Id, OutcomeOf(ended), "initiators");
                return;
            }
        }
    }

    private async Task RollbackAsync(InitiatedTransaction transaction)
    {
        if (_random.Chance(0.5))
            await transaction.RollbackAsync();
        else
            await transaction.DisposeAsync();
        _world.Oracle.Told(transaction.Id, Outcome.Aborted, "initiators");
    }

    private static Outcome OutcomeOf(TransactionException ended) => ended switch
    {
        TransactionAbortedException => Outcome.Aborted,
        TransactionHeuristicException => Outcome.HeuristicMixed,
        _ => Outcome.Unknown,
    };
}
