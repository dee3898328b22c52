using Coordinator.Engine;
using BranchState = Coordinator.Simulation.Databases.BranchState;

namespace Coordinator.Simulation.Checks;

/// <summary>
/// What people do once the world heals: an operator settles what is quarantined as it truly was decided, and restarts a
/// server with a hidden branch. All else must come to rest by itself.
/// </summary>
internal sealed class Healer(World world)
{
    public void Start()
    {
        var desk = world.NewProcess("operator");
        desk.Start(async () =>
        {
            while (true)
            {
                await desk.Delay(TimeSpan.FromSeconds(5));
                foreach (var server in world.Servers.Where(server => server.IsUp && server.Branches.Any(branch => branch.State == BranchState.Hidden)))
                {
                    server.Crash();
                    server.Restart();
                }

                await SettleQuarantinedAsync(desk);
            }
        });
    }

    public bool IsAtRest() => WhyNotAtRest() is null;

    /// <summary>Null if it is at rest.</summary>
    public string? WhyNotAtRest()
    {
        if (world.Clients.FirstOrDefault(client => !client.IsDone) is { } client)
            return $"{client.Process.Name} is still at work";
        if (world.Applications.FirstOrDefault(application => !application.IsDone) is { } application)
            return $"{application.Process.Name} is still at work";
        if (world.Coordinator.Running is not { } coordinator)
            return "the coordinator is down";
        if (coordinator.Operators.CountOpen() is { Count: > 0 } open)
            return "transactions are open: " + string.Join(", ", open.Select(pair => $"{pair.Value} {pair.Key}"));
        foreach (var server in world.Servers)
        {
            if (!server.IsUp)
                return $"{server.Name} is down";
            if (server.Branches.FirstOrDefault(branch => branch.State is BranchState.Active or BranchState.Prepared or BranchState.Hidden) is { } left)
                return $"{server.Name} has {left.Id} {left.State}";
        }

        return world.Participants.FirstOrDefault(node => node.Session is null or { OpenBranches: > 0 }) is { } holding
            ? $"{holding.Process.Name} is not attached, or holds {holding.Session?.OpenBranches} branches"
            : null;
    }

    private async Task SettleQuarantinedAsync(Scheduling.SimulatedProcess desk)
    {
        try
        {
            var report = await world.Coordinator.CallAsync(desk, coordinator => coordinator.Operators.ReconcileAsync(), TimeSpan.FromSeconds(10));
            foreach (var branch in report.Branches.Where(branch => branch.Plan.Kind == PreparedKind.Quarantined))
            {
                var id = branch.Plan.Prepared.Id!.Transaction;
                var decision = world.Oracle.Of(id).Decision ?? Decision.Abort;
                world.Oracle.Tally.Count("quarantined branches settled by an operator");
                world.Oracle.Note($"operator: {Oracle.Name(id)} is quarantined ({branch.Plan.Why}); it was {decision}");
                await world.Coordinator.CallAsync(desk, coordinator => coordinator.Operators.ResolveAsync(id, decision, "as the databases show"), TimeSpan.FromSeconds(10));
            }
        }
        catch (Exception failure) when (failure is TimeoutException or RefusedException)
        {
            world.Oracle.Note("operator: " + failure.Message);
        }
    }
}
