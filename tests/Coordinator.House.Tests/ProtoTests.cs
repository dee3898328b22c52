using System.Text.RegularExpressions;
using Coordinator.Testing;

namespace Coordinator.House.Tests;

/// <summary>The contract is what writers of other clients read: every message, field, value and call says what it is.</summary>
public partial class ProtoTests
{
    [Fact]
    public void EveryDefinition_HasACommentAbove()
    {
        var missing = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "protos"), "*.proto", SearchOption.AllDirectories))
        {
            var lines = File.ReadAllLines(file);
            for (var i = 1; i < lines.Length; i++)
            {
                if (Definition().IsMatch(lines[i]) && !lines[i - 1].TrimStart().StartsWith("//", StringComparison.Ordinal))
                    missing.Add($"{Path.GetFileName(file)}:{i + 1}: {lines[i].Trim()}");
            }
        }

        Assert.Empty(missing);
    }

    [GeneratedRegex(@"^\s*((message|enum|service|rpc|oneof) \w+|[\w.<>, ]+ \w+ = \d+;|[A-Z_0-9]+ = \d+;)")]
    private static partial Regex Definition();
}
