using Coordinator.Testing;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>What can be told of the bugs without planting them: the first to run after a refactoring.</summary>
public sealed class AllBugsTests
{
    [Fact]
    public void Plant_EveryBug_FindsItsTextExactlyOnce()
    {
        var misfits = AllBugs.All.Select(WhyMisfit).OfType<string>();

        Assert.Empty(misfits);
    }

    [Fact]
    public void Names_AreUnique() =>
        Assert.Equal(AllBugs.All.Count, AllBugs.All.Select(bug => bug.Name).Distinct().Count());

    [Theory]
    [InlineData("a a")]
    [InlineData("b")]
    public void Plant_TextIsNotThereExactlyOnce_Throws(string source)
    {
        var bug = new PlantedBug("test") { What = "", Like = "", File = "src/Any/Any.cs", Old = "a", New = "c", CaughtBy = [] };

        Assert.Throws<HarnessException>(() => bug.Plant(source));
        Assert.Equal("b c", bug.Plant("b a"));
    }

    private static string? WhyMisfit(PlantedBug bug)
    {
        try
        {
            return bug.Plant(File.ReadAllText(Path.Combine(Repository.Root, bug.File))).Length == 0 ? $"{bug.Name}: an empty file" : null;
        }
        catch (HarnessException misfit)
        {
            return misfit.Message;
        }
    }
}
