using Coordinator.Engine;
using Coordinator.Simulation.Databases;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Nodes;

/// <summary>
/// An application that moves money from one database to another. It may vanish at any await; then its transaction is
/// nobody's, and its deadline ends it. One that lives asks until it knows how each transaction ended.
/// </summary>
internal sealed class ClientNode(World world, int number, int transfers)
{
    private readonly SeededRandom _random = world.Random.Split();

    public SimulatedProcess Process { get; } = world.NewProcess($"client {number}");

    /// <summary>True once it has done its work, or died.</summary>
    public bool IsDone { get; private set; }

    public void Start()
    {
        Process.Killed += () => IsDone = true;
        Process.Start(async () =>
        {
            for (var i = 0; i < transfers; i++)
            {
                await TransferAsync($"{number}-{i}");
                await Process.Delay(_random.Between(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
            }

            IsDone = true;
        });
    }

    public void Crash()
    {
        if (IsDone)
            return;
        world.Oracle.Note($"{Process.Name} vanishes");
        world.Oracle.Tally.Count("kills: client");
        Process.Kill();
    }

    private async Task TransferAsync(string key)
    {
        if (await BeginAsync(key) is not { } id)
            return;
        var steps = world.Setup.IsPlain ? TransferStep.Plain(world.Participants) : TransferStep.Draw(_random, world.Participants);
        var branches = new HashSet<BranchName>();
        var isWhole = true;
        foreach (var step in steps)
            isWhole = isWhole && await WorkAsync(id, step, branches);
        if (world.Setup.IsPlain ? isWhole : isWhole && !_random.Chance(0.1))
            await CommitAsync(id, branches);
        else if (world.Setup.IsPlain || _random.Chance(0.8))
            await RollbackAsync(id);
    }

    private async Task<TransactionId?> BeginAsync(string key)
    {
        var hasKey = _random.Chance(0.3);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            try
            {
                var begun = await world.Coordinator.CallAsync(
                    Process, coordinator => coordinator.BeginAsync(timeout: null, "transfer", hasKey ? key : null, attempt: key), TimeSpan.FromSeconds(2));
                return begun.IsExisting ? null : begun.Transaction.Id;
            }
            catch (Exception failure) when (failure is TimeoutException or RefusedException)
            {
                await Process.Delay(TimeSpan.FromMilliseconds(200));
            }
        }

        return null;
    }

    private async Task<bool> WorkAsync(TransactionId id, TransferStep step, HashSet<BranchName> branches)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var answer = new TaskCompletionSource<BranchName>();
            Arrive(step, answer, id);
            try
            {
                branches.Add(await answer.Task.WaitAsync(TimeSpan.FromSeconds(4), Process.Time));
                return true;
            }
            catch (TimeoutException)
            {
                // It may have been done: doing it again would do it twice, so the whole is given up.
                return false;
            }
            catch (EnlistmentRefusedException)
            {
                return false;
            }
            catch (Exception failure) when (failure is ParticipantUnavailableException or DatabaseException or IOException)
            {
                if (failure is not ParticipantUnavailableException)
                    return false;
                await Process.Delay(TimeSpan.FromMilliseconds(200));
            }
        }

        return false;
    }

    private void Arrive(TransferStep step, TaskCompletionSource<BranchName> answer, TransactionId id)
    {
        var node = step.Node;
        if (world.Network.Chance(world.Faults.MessageLost))
            return;
        world.Scheduler.After(world.Delay(), () =>
        {
            if (node.Session is not { } session || node.Resources is not { } resources || node.Process.IsDead)
                return;
            node.Process.Start(async () =>
            {
                Action reply;
                try
                {
                    await using var work = await session.EnlistAsync(
                        id, new BranchOptions(TimeSpan.FromSeconds(2), IsolationLevel: null, step.MayVoteReadOnly), CancellationToken.None);
                    if (step.Delta != 0)
                        await resources.Session(work.Id)!.WriteAsync(step.Account, step.Delta);
                    var branch = work.Branch;
                    reply = () => answer.TrySetResult(branch);
                }
                catch (Exception failure) when (failure is EnlistmentRefusedException or ParticipantUnavailableException or DatabaseException or IOException or TimeoutException)
                {
                    var told = failure is TimeoutException ? new DatabaseException(failure.Message) : failure;
                    reply = () => answer.TrySetException(told);
                }

                if (!world.Network.Chance(world.Faults.MessageLost))
                    world.Scheduler.After(world.Delay(), reply);
            });
        });
    }

    private async Task CommitAsync(TransactionId id, HashSet<BranchName> branches)
    {
        var named = branches.ToList();
        var waits = _random.Chance(0.7);
        await AskUntilKnownAsync(id, coordinator => coordinator.CommitAsync(id, named, waits, CancellationToken.None));
    }

    private async Task RollbackAsync(TransactionId id) =>
        await AskUntilKnownAsync(id, coordinator => coordinator.RollbackAsync(id, "", CancellationToken.None));

    private async Task AskUntilKnownAsync(TransactionId id, Func<TransactionCoordinator, Task<TransactionView>> ask)
    {
        while (true)
        {
            try
            {
                var view = await world.Coordinator.CallAsync(Process, ask, TimeSpan.FromSeconds(3));
                if (view.Outcome is not (Outcome.None or Outcome.InDoubt))
                {
                    world.Oracle.Told(id, view.Outcome);
                    return;
                }
            }
            catch (TimeoutException)
            {
                // Lost on the way, or the coordinator is down: asked again.
            }
            catch (RefusedException refused) when (refused.Kind is RefusalKind.NotFound or RefusalKind.FailedPrecondition)
            {
                // After a restore the epoch may be unknown; a rollback comes too late. How it ended is another question.
                if (refused.Kind == RefusalKind.NotFound)
                    return;
                ask = coordinator => coordinator.GetAsync(id);
            }
            catch (RefusedException)
            {
                // It says: try again.
            }

            await Process.Delay(_random.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1)));
        }
    }
}
