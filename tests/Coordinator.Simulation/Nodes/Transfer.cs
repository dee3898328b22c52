using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Nodes;

/// <summary>What one transaction does in one database: money comes or goes, or is only looked at.</summary>
internal sealed record TransferStep(ParticipantNode Node, int Account, long Delta, bool MayVoteReadOnly)
{
    /// <summary>The first pays, the last receives; those in between, and some alone, only look.</summary>
    public static IReadOnlyList<TransferStep> Draw(SeededRandom random, IEnumerable<ParticipantNode> nodes)
    {
        var count = random.Chance(0.15) ? 1 : random.Chance(0.3) ? 3 : 2;
        var taken = nodes.Select(node => (Order: random.NextRandom(), node)).OrderBy(pair => pair.Order).Select(pair => pair.node)
            .DistinctBy(node => node.Server.Name).Take(count).ToList();
        var amount = 1 + random.Below(9);
        return [.. taken.Select((node, i) =>
        {
            var delta = taken.Count == 1 ? 0 : i == 0 ? -amount : i == taken.Count - 1 ? amount : 0;
            return new TransferStep(node, random.Below(World.Accounts), delta, delta == 0 && random.Chance(0.5));
        })];
    }

    /// <summary>From the first database to all others.</summary>
    public static IReadOnlyList<TransferStep> Plain(IReadOnlyList<ParticipantNode> nodes)
    {
        var share = 5 / (nodes.Count - 1);
        return [.. nodes.Select((node, i) => new TransferStep(
            node, Account: 0, i == 0 ? -5 : i == nodes.Count - 1 ? 5 - (nodes.Count - 2) * share : share, MayVoteReadOnly: false))];
    }
}
