using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Databases;

/// <summary>Prepared branches that somebody else left in a database: other coordinators', and ids that nobody would make.</summary>
internal static class Strangers
{
    public static IEnumerable<PreparedBranch> Of(string participant, SeededRandom random)
    {
        if (!random.Chance(0.2))
            yield break;
        var foreign = TransactionId.Create(ClusterId.FromRandom(random.NextRandom()), new Epoch(1, 1), 1 + random.Below(5), random.NextRandom());
        var branch = new BranchId(foreign, new BranchName(participant, "aaaaaaaa"));
        yield return new PreparedBranch(branch.Gid, branch, null);
        yield return new PreparedBranch("'; DROP TABLE accounts; --", null, null);
        yield return new PreparedBranch("", null, null);
    }
}
