namespace Coordinator.PlantedBugs.Tests;

/// <summary>Bugs of one part of the product.</summary>
public interface IBugList
{
    static abstract IReadOnlyList<PlantedBug> All { get; }
}
