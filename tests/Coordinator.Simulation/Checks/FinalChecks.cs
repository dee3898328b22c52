using Coordinator.Engine;
using BranchState = Coordinator.Simulation.Databases.BranchState;

namespace Coordinator.Simulation.Checks;

/// <summary>What must be true once the world is at rest.</summary>
internal sealed class FinalChecks(World world)
{
    public void Run()
    {
        var total = world.Servers.Sum(server => server.Balances.Sum());
        var expected = world.Servers.Count * World.Accounts * 1000L;
        if (total != expected)
            world.Oracle.Violate($"the bank has {total}, and had {expected}");
        foreach (var known in world.Oracle.All)
            Check(known);
        foreach (var record in Heuristics())
            CheckHeuristic(record);
    }

    private IReadOnlyList<HeuristicRecord> Heuristics()
    {
        InDoubtReport? report = null;
        world.NewProcess("operator").Start(async () => report = await world.Coordinator.Running!.Operators.ReconcileAsync());
        world.Scheduler.RunUntil(() => report is not null, TimeSpan.FromMinutes(1), maxSteps: 10_000);
        if (report is null)
            world.Oracle.Violate("a reconciliation has no end");
        return report?.Heuristics ?? [];
    }

    private void Check(Oracle.Known known)
    {
        var name = Oracle.Name(known.Id);
        foreach (var (server, branch) in known.Branches)
        {
            if (known.ToldCommitted && branch.State == BranchState.RolledBack)
                world.Oracle.Violate($"{name}: its client was told that it committed, and it is not at {server.Name}");
            if (known.ToldAborted && branch.State == BranchState.Committed)
                world.Oracle.Violate($"{name}: its client was told that it aborted, and it is at {server.Name}");
            if (known.Decision == Decision.Commit && branch is { State: BranchState.RolledBack, WasPrepared: true })
                world.Oracle.Violate($"{name}: decided commit, and lost at {server.Name}");
        }

        // R13: only what left no record may be unknown. Retention and restores lose records by nature.
        var mayBeUnknown = !known.Branches.Any(pair => pair.Branch.WasPrepared)
            || world.Coordinator.RestoredTimes > 0
            || world.Setup.Engine.Retention < TimeSpan.FromMinutes(1)
            // Clocks on the wall that are off trim too early, never wrongly.
            || world.Setup.Faults.MaxClockSkew > TimeSpan.Zero;
        if (known.ToldUnknown && known.Decision == Decision.Commit && !mayBeUnknown)
            world.Oracle.Violate($"{name}: its client is told \"unknown\", and it was decided commit");
    }

    // Nobody did anything by hand, so only a one-phase commit without proof may be recorded.
    private void CheckHeuristic(HeuristicRecord record)
    {
        var known = world.Oracle.Of(record.Branch.Transaction);
        if (record is { Decided: Decision.Commit, Found: BranchOutcome.Unknown } && known.Branches.All(pair => !pair.Branch.WasPrepared))
            return;
        world.Oracle.Violate($"{record.Branch}: recorded as heuristic, decided {record.Decided}, found {record.Found}: {record.Detail}");
    }
}
