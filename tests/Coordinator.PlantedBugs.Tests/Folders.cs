using Coordinator.Testing;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>Where things lie. Everything that a run makes is below this assembly's own output, which git ignores.</summary>
internal static class Folders
{
    private static readonly DirectoryInfo Output = new(AppContext.BaseDirectory.TrimEnd('/'));

    private static readonly string Work = Path.Combine(Output.FullName, "planted");

    /// <summary>Debug or Release, as this assembly was built.</summary>
    public static string Configuration => Output.Parent!.Name;

    /// <summary>The output of another project of <c>tests</c>, built together with this one.</summary>
    public static string OutputOf(string testProject) =>
        Path.Combine(Repository.Root, "tests", testProject, "bin", Configuration, Output.Name);

    /// <summary>An empty folder.</summary>
    public static string Fresh(params string[] names)
    {
        var folder = Path.Combine([Work, .. names]);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        return Directory.CreateDirectory(folder).FullName;
    }

    /// <summary>
    /// Copies a project's output with one assembly replaced; returns the copy's path. Copied, not linked: .NET follows links,
    /// and would load the assemblies that lie beside the original.
    /// </summary>
    public static string CopyWith(string testProject, string product, string folder)
    {
        var source = OutputOf(testProject);
        var replaced = Path.Combine(folder, Path.GetFileName(product));
        if (!File.Exists(Path.Combine(source, Path.GetFileName(product))))
            throw new HarnessException($"{testProject} does not use {Path.GetFileName(product)}.");
        foreach (var directory in Directory.EnumerateDirectories(source, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(folder, Path.GetRelativePath(source, directory)));
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(folder, Path.GetRelativePath(source, file)));
        File.Copy(product, replaced, overwrite: true);
        return Path.Combine(folder, testProject + ".dll");
    }
}
