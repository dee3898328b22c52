using Coordinator.Testing;
using Coordinator.Torture.Kills;

namespace Coordinator.Torture.Tests;

public class KillPlanTests
{
    private static readonly DatabaseKind[] Databases = Enum.GetValues<DatabaseKind>();

    [Fact]
    public void Make_AHundred_KillsTheCoordinatorFiftyTimesAndEachDatabaseTen()
    {
        var plan = KillPlan.Make(KillKind.All, Databases, 100, seed: 1);

        Assert.Equal(50, plan.Count(strike => strike.Kind.NeedsCoordinator));
        Assert.All(Databases, database => Assert.Equal(
            10, plan.Count(strike => strike.Kind.Group == Group.Database && strike.Database == database)));
        Assert.Equal(KillKind.All, plan.Select(strike => strike.Kind).Distinct().OrderBy(kind => KillKind.All.ToList().IndexOf(kind)));
    }

    /// <summary>As the test of the whole program runs it: twice makes as many as once with a hundred.</summary>
    [Fact]
    public void Make_Fifty_HasEveryKindAndHalfOfTheKills()
    {
        var plan = KillPlan.Make(KillKind.All, Databases, 50, seed: 1);

        Assert.Equal(KillKind.All.Count, plan.Select(strike => strike.Kind).Distinct().Count());
        Assert.InRange(plan.Count(strike => strike.Kind.NeedsCoordinator), 24, 26);
        Assert.All(Databases, database => Assert.InRange(
            plan.Count(strike => strike.Kind.Group == Group.Database && strike.Database == database), 5, 6));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(99)]
    [InlineData(1000)]
    public void Make_AnyNumber_IsMadeExactly(int kills) =>
        Assert.Equal(kills, KillPlan.Make(KillKind.All, Databases, kills, seed: 1).Sum(strike => strike.Kind.Kills));

    [Fact]
    public void Make_WithoutADatabase_LeavesItsKindsOut()
    {
        var plan = KillPlan.Make(KillKind.All, [DatabaseKind.Postgres, DatabaseKind.MariaDb], 100, seed: 1);

        Assert.Equal(100, plan.Sum(strike => strike.Kind.Kills));
        Assert.DoesNotContain(plan, strike => strike.Database == DatabaseKind.MySql);
        Assert.Equal(KillKind.All.Count - 2, KillPlan.Make(KillKind.All, [DatabaseKind.Postgres, DatabaseKind.MariaDb], 50, seed: 1).Select(strike => strike.Kind).Distinct().Count());
    }

    [Fact]
    public void Make_SameSeed_SameOrder()
    {
        var plan = KillPlan.Make(KillKind.All, Databases, 100, seed: 5);

        Assert.Equal(plan, KillPlan.Make(KillKind.All, Databases, 100, seed: 5));
        Assert.NotEqual(plan, KillPlan.Make(KillKind.All, Databases, 100, seed: 6));
    }
}
