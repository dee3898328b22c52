using System.Xml.Linq;
using Coordinator.Testing;

namespace Coordinator.House.Tests;

/// <summary>The dependency rule of src/README.md: a project file with any other edge fails here.</summary>
public class DependencyTests
{
    private static readonly Dictionary<string, string[]> AllowedProjects = new()
    {
        ["Coordinator.Abstractions"] = [],
        ["Coordinator.Contracts"] = [],
        ["Coordinator.Engine"] = ["Coordinator.Abstractions"],
        ["Coordinator.Log"] = ["Coordinator.Abstractions", "Coordinator.Engine"],
        ["Coordinator.ResourceManagers"] = ["Coordinator.Abstractions"],
        ["Coordinator.Participant"] = ["Coordinator.Abstractions", "Coordinator.Contracts", "Coordinator.ResourceManagers"],
        ["Coordinator.Client"] = ["Coordinator.Abstractions", "Coordinator.Contracts"],
        ["Coordinator.Initiation"] = ["Coordinator.Abstractions", "Coordinator.Contracts", "Coordinator.Client", "Coordinator.Participant"],
        ["Coordinator.Embedded"] = ["Coordinator.Abstractions", "Coordinator.Contracts", "Coordinator.Client", "Coordinator.Engine", "Coordinator.Log", "Coordinator.Participant", "Coordinator.Initiation"],
        ["Coordinator.Server"] = ["Coordinator.Abstractions", "Coordinator.Contracts", "Coordinator.Engine", "Coordinator.Log"],
        ["Coordinator.Cli"] = ["Coordinator.Abstractions", "Coordinator.Contracts", "Coordinator.Client", "Coordinator.Log"],
        // Apart from everything: a saga is an alternative to the protocol, and shares no record and no rule with it.
        ["Coordinator.Saga"] = [],
        // Private servers and child processes, for programs that start and kill them: the lab and the tests.
        ["Coordinator.Testing.Servers"] = [],
        // Compares two-phase commit with sagas. It starts the coordinator as a process of its own, to kill it.
        ["Coordinator.Lab"] =
        [
            "Coordinator.Client", "Coordinator.Participant", "Coordinator.ResourceManagers", "Coordinator.Saga",
            "Coordinator.Testing.Servers", "Coordinator.Server",
        ],
    };

    private static readonly Dictionary<string, string[]> ForbiddenPackages = new()
    {
        ["Coordinator.Abstractions"] = [""],
        ["Coordinator.Engine"] = ["Npgsql", "MySql", "Microsoft.Data.Sqlite", "Grpc", "Google", "Microsoft.AspNetCore"],
        ["Coordinator.Contracts"] = ["Npgsql", "MySql", "Microsoft.Data.Sqlite"],
        ["Coordinator.ResourceManagers"] = ["Grpc", "Google", "Microsoft.AspNetCore", "Microsoft.Data.Sqlite"],
        ["Coordinator.Log"] = ["Grpc", "Google", "Microsoft.AspNetCore", "MySql"],
        ["Coordinator.Client"] = ["Npgsql", "MySql", "Microsoft.Data.Sqlite", "Microsoft.AspNetCore"],
        ["Coordinator.Cli"] = ["Npgsql", "MySql"],
        ["Coordinator.Saga"] = ["Npgsql", "MySql", "Grpc", "Google", "Microsoft.AspNetCore"],
        ["Coordinator.Testing.Servers"] = [""],
    };

    public static TheoryData<string> Projects() =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_References_KeepTheRule(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        var project = XDocument.Load(Path.Combine(Repository.Root, file));

        Assert.True(AllowedProjects.TryGetValue(name, out var allowed), $"{name} has no line in the dependency rule.");
        foreach (var reference in Includes(project, "ProjectReference").Select(include => Path.GetFileNameWithoutExtension(include.Replace('\\', '/'))))
            Assert.Contains(reference, allowed!);
        foreach (var forbidden in ForbiddenPackages.GetValueOrDefault(name, []))
        {
            Assert.DoesNotContain(
                Includes(project, "PackageReference").Concat(Includes(project, "FrameworkReference")).Concat(Includes(project, "Reference")),
                include => include.StartsWith(forbidden, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void OnlyTests_ReferenceTheServer()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories))
        {
            // Built along, to be started as a process, is no reference.
            var linked = XDocument.Load(file).Descendants("ProjectReference").Where(reference => (string?)reference.Attribute("ReferenceOutputAssembly") != "false");
            Assert.DoesNotContain(linked, reference => ((string?)reference.Attribute("Include"))!.Contains("Coordinator.Server", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void EveryProject_IsInTheSolution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Coordinator.sln"));
        foreach (var folder in new[] { "src", "tests" })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories))
                Assert.Contains(Path.GetFileName(file), solution, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Includes(XDocument project, string item) =>
        project.Descendants(item).Select(element => element.Attribute("Include")?.Value).OfType<string>();
}
