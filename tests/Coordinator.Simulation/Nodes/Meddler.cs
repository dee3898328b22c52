using Coordinator.Engine;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Nodes;

/// <summary>
/// Somebody else who asks for an initiator's transaction, by its id: how it stands, that it be rolled back or committed, or,
/// as an operator, that it be settled. Whatever is answered must be true.
/// </summary>
internal sealed class Meddler(World world, TransactionId id, SeededRandom random)
{
    public void Start()
    {
        var process = world.NewProcess("meddler");
        process.Start(async () =>
        {
            await process.Delay(random.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(random.Chance(0.5) ? 100 : 3_000)));
            for (var times = 1 + random.Below(3); times > 0; times--)
                await AskAsync(process);
        });
    }

    private async Task AskAsync(SimulatedProcess process)
    {
        try
        {
            var view = await world.Coordinator.CallAsync(process, Draw(), TimeSpan.FromSeconds(3));
            if (view.Outcome is Outcome.Committed or Outcome.Aborted or Outcome.HeuristicMixed or Outcome.HeuristicHazard)
                world.Oracle.Told(id, view.Outcome, "meddlers");
            else if (view is { Outcome: Outcome.Unknown, ReasonCode: Reasons.RolledBack or Reasons.Operator })
                world.Oracle.GivenUp(id);
        }
        catch (Exception refused) when (refused is RefusedException or TimeoutException)
        {
            world.Oracle.Note($"meddler: {refused.Message}");
        }
    }

    private Func<TransactionCoordinator, Task<TransactionView>> Draw() => random.Below(4) switch
    {
        0 => coordinator => coordinator.GetAsync(id),
        1 => coordinator => coordinator.RollbackAsync(id, "", CancellationToken.None),
        2 => coordinator => coordinator.CommitAsync(id, [], untilDelivered: false, CancellationToken.None),
        // An operator who does not know what a lost or trimmed record said must not settle anything.
        _ when world.Setup.Faults.LogRestored > 0 || world.Setup.Engine.Retention < TimeSpan.FromMinutes(1) => coordinator => coordinator.GetAsync(id),
        _ => coordinator => coordinator.Operators.ResolveAsync(id, Decision.Abort, "it takes too long"),
    };
}
