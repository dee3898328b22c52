using System.Text.RegularExpressions;
using Coordinator.Testing;

namespace Coordinator.House.Tests;

/// <summary>House rules that a reader would otherwise have to watch for.</summary>
public partial class StyleTests
{
    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    [Fact]
    public void PublicTypes_HaveDocstrings()
    {
        var missing = new List<string>();
        // A second part of a partial type stands in a file named Type.Part.cs; the first part has the docstring.
        foreach (var file in Sources("src").Where(file => !Path.GetFileNameWithoutExtension(file).Contains('.', StringComparison.Ordinal)))
        {
            var lines = File.ReadAllLines(file);
            for (var i = 0; i < lines.Length; i++)
            {
                if (!PublicType().IsMatch(lines[i]))
                    continue;
                var above = i - 1;
                while (above >= 0 && lines[above].TrimStart().StartsWith('['))
                    above--;
                if (above < 0 || !lines[above].TrimStart().StartsWith("///", StringComparison.Ordinal))
                    missing.Add($"{Path.GetRelativePath(Repository.Root, file)}:{i + 1}");
            }
        }

        Assert.Empty(missing);
    }

    [Fact]
    public void Sources_HaveNothingUnfinished()
    {
        var found = Sources("src").Concat(Sources("tests"))
            .Where(file => !file.EndsWith("StyleTests.cs", StringComparison.Ordinal))
            .SelectMany(file => File.ReadLines(file).Select((line, index) => (file, line, index)))
            .Where(at => Unfinished().IsMatch(at.line))
            .Select(at => $"{Path.GetRelativePath(Repository.Root, at.file)}:{at.index + 1}: {at.line.Trim()}");

        Assert.Empty(found);
    }

    [Fact]
    public void Engine_HasNoClockNoRandomnessAndNoEscapeFromTheScheduler()
    {
        var found = Sources("src/Coordinator.Engine")
            .SelectMany(file => File.ReadLines(file).Select((line, index) => (file, line, index)))
            .Where(at => Banned().IsMatch(at.line) && !at.line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Select(at => $"{Path.GetFileName(at.file)}:{at.index + 1}: {at.line.Trim()}");

        Assert.Empty(found);
    }

    [Fact]
    public void Tests_DoNotSleep()
    {
        var found = Sources("tests")
            .Where(file => !file.EndsWith("StyleTests.cs", StringComparison.Ordinal) && !file.Contains("/Coordinator.Testing/", StringComparison.Ordinal))
            .SelectMany(file => File.ReadLines(file).Select((line, index) => (file, line, index)))
            .Where(at => Sleep().IsMatch(at.line))
            .Select(at => $"{Path.GetRelativePath(Repository.Root, at.file)}:{at.index + 1}: {at.line.Trim()}");

        Assert.Empty(found);
    }

    [Fact]
    public void TopLevel_HoldsWhatBelongsThere()
    {
        string[] allowed =
        [
            "src", "protos", "tests", "deploy", "Coordinator.sln", "global.json", "README.md", "CHANGELOG.md", "LICENSE",
            "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "nuget.config",
            // Where a coordinator that is started here without options keeps its log; git ignores it.
            "coordinator-data",
        ];
        var others = Directory.EnumerateFileSystemEntries(Repository.Root).Select(Path.GetFileName).OfType<string>()
            .Where(name => !name.StartsWith('.') && !allowed.Contains(name));

        Assert.Empty(others);
    }

    [GeneratedRegex(@"^\s{0,4}public (static |sealed |abstract |partial |readonly )*(class|record|record struct|struct|interface|enum|delegate) ")]
    private static partial Regex PublicType();

    [GeneratedRegex(@"TODO|FIXME|HACK|NotImplementedException|catch *\{ *\}|catch \(Exception\) *\{ *\}")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"DateTime(Offset)?\.(Utc)?Now|Guid\.NewGuid|Random\.Shared|Task\.Run|ConfigureAwait")]
    private static partial Regex Banned();

    [GeneratedRegex(@"Thread\.Sleep|Task\.Delay\([0-9]")]
    private static partial Regex Sleep();
}
