namespace Coordinator.PlantedBugs.Tests;

/// <summary>
/// A fault of a line or two, of the kind that coordinators have shipped: a text in a source file of the product that is
/// replaced before that file's assembly is compiled anew. The product itself has no switch for it.
/// </summary>
/// <param name="Name">Unique; lower-case words with hyphens.</param>
public sealed record PlantedBug(string Name)
{
    /// <summary>What goes wrong with it.</summary>
    public required string What { get; init; }

    /// <summary>Which coordinator shipped such a fault, or the rule that it breaks.</summary>
    public required string Like { get; init; }

    /// <summary>The source file, from the repository's root: <c>src/{project}/…</c>.</summary>
    public required string File { get; init; }

    /// <summary>The text that is replaced. It must occur exactly once, so that a refactoring cannot quietly disarm the bug.</summary>
    public required string Old { get; init; }

    public required string New { get; init; }

    /// <summary>Each of them must catch it.</summary>
    public required IReadOnlyList<Catcher> CaughtBy { get; init; }

    /// <summary>The project whose assembly is compiled with the bug.</summary>
    public string Project => File.Split('/')[1];

    /// <summary>The file's content with the bug in it.</summary>
    /// <exception cref="HarnessException">The text is not there exactly once.</exception>
    public string Plant(string source)
    {
        var at = source.IndexOf(Old, StringComparison.Ordinal);
        if (at < 0)
            throw new HarnessException($"{Name}: the text to replace is not in {File} any more:\n{Old}");
        if (source.IndexOf(Old, at + 1, StringComparison.Ordinal) >= 0)
            throw new HarnessException($"{Name}: the text to replace occurs more than once in {File}:\n{Old}");
        return string.Concat(source.AsSpan(0, at), New, source.AsSpan(at + Old.Length));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A bug could not be planted, or a catcher did not run: which is never the same as a bug caught.</summary>
public sealed class HarnessException(string message) : Exception(message);
