namespace Coordinator.Testing;

/// <summary>Where the repository lies that the running tests were built from.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Coordinator.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"No Coordinator.sln above {AppContext.BaseDirectory}");
    }
}
