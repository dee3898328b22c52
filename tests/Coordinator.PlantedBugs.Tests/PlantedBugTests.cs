using Coordinator.PlantedBugs.Tests.Bugs;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>One row a bug. The lists are classes of their own, because xunit runs classes beside each other.</summary>
public abstract class PlantedBugTests<TBugs>(BugTable table) : IClassFixture<BugTable>
    where TBugs : IBugList
{
    public static TheoryData<string> Names() => [.. TBugs.All.Select(bug => bug.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public Task Suite_BugPlanted_Fails(string bug) => table.CatchAsync(TBugs.All.Single(other => other.Name == bug));
}

public sealed class PlantedCommitBugs(BugTable table) : PlantedBugTests<CommitBugs>(table);

public sealed class PlantedRecoveryBugs(BugTable table) : PlantedBugTests<RecoveryBugs>(table);

public sealed class PlantedSessionBugs(BugTable table) : PlantedBugTests<SessionBugs>(table);

public sealed class PlantedPostgresBugs(BugTable table) : PlantedBugTests<PostgresBugs>(table);

public sealed class PlantedMySqlBugs(BugTable table) : PlantedBugTests<MySqlBugs>(table);

public sealed class PlantedLogBugs(BugTable table) : PlantedBugTests<LogBugs>(table);

public sealed class PlantedInitiatorBugs(BugTable table) : PlantedBugTests<InitiatorBugs>(table);

public sealed class PlantedEdgeBugs(BugTable table) : PlantedBugTests<EdgeBugs>(table);
