namespace Coordinator.PlantedBugs.Tests;

/// <summary>What the runtime throws if an assembly does not fit the others: then nothing has tested anything.</summary>
internal static class LoadFailure
{
    private static readonly string[] Names =
    [
        "TypeLoadException", "MissingMethodException", "MissingFieldException", "Could not load file or assembly",
        "BadImageFormatException", "FileLoadException",
    ];

    /// <summary>Its name in a message; null if the message tells of something else.</summary>
    public static string? Find(string message) =>
        Array.Find(Names, name => message.Contains(name, StringComparison.Ordinal));
}
