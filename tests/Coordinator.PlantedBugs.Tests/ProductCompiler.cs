using System.Collections.Concurrent;
using System.Text.Json;
using Coordinator.Testing;

namespace Coordinator.PlantedBugs.Tests;

/// <summary>
/// Compiles an assembly of the product with the very command line that the build uses, one source file replaced: the
/// SDK's compiler alone takes two seconds, a build of the project ten.
/// </summary>
internal static class ProductCompiler
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly ConcurrentDictionary<string, Lazy<Task<CommandLine>>> CommandLines = new();

    // A compiler server of this test process's own, which keeps warm and ends by itself 20 s after its last use.
    private static readonly string[] Server = [$"/shared:planted-bugs-{Environment.ProcessId}", "/keepalive:20"];

    /// <summary>Compiles into <paramref name="folder"/>; returns the assembly's path.</summary>
    /// <param name="project">A folder below <c>src</c>.</param>
    /// <param name="bug">Null: as it is.</param>
    /// <param name="folder">Exists, and is this compilation's alone.</param>
    public static async Task<string> CompileAsync(string project, PlantedBug? bug, string folder)
    {
        var commandLine = await CommandLines.GetOrAdd(project, _ => new(() => ReadCommandLineAsync(project))).Value;
        var output = Path.Combine(folder, commandLine.FileName);
        List<string> arguments = [.. commandLine.Arguments, "/out:" + output];
        if (bug is not null)
            Replace(arguments, bug, folder);
        var response = Path.Combine(folder, "csc.rsp");
        await File.WriteAllLinesAsync(response, arguments);
        // The command line's paths are relative to the project.
        await using var compiler = ProcessHandle.Start(
            "env", ["-C", Source(project), DotnetPath, commandLine.Compiler, .. Server, "/noconfig", "/nologo", "@" + response]);
        if (await compiler.WaitForExitAsync(Limit) != 0)
            throw new HarnessException($"{project} with {bug?.Name ?? "no bug"} does not compile:\n{string.Join('\n', compiler.Lines)}");
        return output;
    }

    public static string DotnetPath { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string Source(string project) => Path.Combine(Repository.Root, "src", project);

    private static void Replace(List<string> arguments, PlantedBug bug, string folder)
    {
        var original = Path.Combine(Repository.Root, bug.File);
        var planted = Path.Combine(folder, Path.GetFileName(bug.File));
        File.WriteAllText(planted, bug.Plant(File.ReadAllText(original)));
        var source = Path.GetRelativePath(Source(bug.Project), original);
        var at = arguments.IndexOf(source);
        if (at < 0)
            throw new HarnessException($"{bug.Name}: {bug.File} is not compiled into {bug.Project}.");
        arguments[at] = planted;
    }

    /// <summary>Asks MSBuild, which compiles nothing; everything that the project references has been built.</summary>
    private static async Task<CommandLine> ReadCommandLineAsync(string project)
    {
        await using var msbuild = ProcessHandle.Start(DotnetPath,
        [
            "msbuild", Path.Combine(Source(project), project + ".csproj"), "-nologo", "-verbosity:quiet", "-nodeReuse:false",
            "-target:ResolveReferences;CoreCompile",
            $"-property:Configuration={Folders.Configuration}",
            "-property:BuildProjectReferences=false",
            "-property:SkipCompilerExecution=true",
            "-property:ProvideCommandLineArgs=true",
            // An output that is never there: CoreCompile is not skipped as up to date.
            "-property:NonExistentFile=none",
            "-getItem:CscCommandLineArgs",
            "-getProperty:RoslynTargetsPath",
        ]);
        if (await msbuild.WaitForExitAsync(Limit) != 0)
            throw new HarnessException($"MSBuild does not tell how {project} is compiled:\n{string.Join('\n', msbuild.Lines)}");
        using var answer = JsonDocument.Parse(string.Join('\n', msbuild.Lines));
        var roslyn = answer.RootElement.GetProperty("Properties").GetProperty("RoslynTargetsPath").GetString()!;
        var arguments = answer.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!).ToList();
        var output = arguments.Find(argument => argument.StartsWith("/out:", StringComparison.Ordinal))
            ?? throw new HarnessException($"MSBuild gave no command line for {project}.");
        // Source generators run, analyzers do not: a bug may be bad style.
        return new CommandLine(
            Path.Combine(roslyn, "bincore", "csc.dll"), [.. arguments.Where(IsKept), "/skipanalyzers+"], Path.GetFileName(output));
    }

    private static bool IsKept(string argument) =>
        !((string[])["/out:", "/refout:", "/doc:", "/warnaserror", "/noconfig"]).Any(argument.StartsWith);

    private sealed record CommandLine(string Compiler, IReadOnlyList<string> Arguments, string FileName);
}
