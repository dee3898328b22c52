namespace Coordinator.Benchmarks;

/// <summary>What a run is told.</summary>
internal sealed record BenchmarkOptions
{
    /// <summary>How long each point is measured, over all rounds together.</summary>
    public TimeSpan PointLength { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Into how many pieces each point is cut, between which the other cases have their turn.</summary>
    public int Rounds { get; init; } = 5;

    public IReadOnlyList<int> Workers { get; init; } = [1, 8, 32];

    /// <summary>How many transactions a case does before it is measured: until then, .NET still compiles what they need most.</summary>
    public int WarmUpTransactions { get; init; } = 5_000;

    /// <summary>Only these cases; empty: all.</summary>
    public IReadOnlyList<string> Cases { get; init; } = [];

    public IReadOnlyList<string> Databases { get; init; } = Benchmarks.Databases.ServerPair.Names;

    /// <summary>Where the rows are written as JSON; null: nowhere.</summary>
    public string? Json { get; init; }

    /// <summary>Where a chart is drawn as SVG; null: nowhere.</summary>
    public string? Chart { get; init; }

    /// <summary>For people.</summary>
    public TextWriter Output { get; init; } = Console.Out;

    public TimeSpan SliceLength => PointLength / Rounds;

    public bool Includes(string name) => Cases.Count == 0 || Cases.Contains(name);
}
