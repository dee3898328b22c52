using Coordinator.PlantedBugs.Tests.Bugs;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>Every planted bug.</summary>
internal static class AllBugs
{
    public static readonly IReadOnlyList<PlantedBug> All =
    [
        .. CommitBugs.All, .. RecoveryBugs.All, .. SessionBugs.All, .. PostgresBugs.All, .. MySqlBugs.All, .. LogBugs.All,
        .. EdgeBugs.All, .. InitiatorBugs.All,
    ];

    public static IEnumerable<PlantedBug> Of(string project) => All.Where(bug => bug.Project == project);
}
