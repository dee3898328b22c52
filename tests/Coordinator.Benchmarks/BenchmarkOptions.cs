namespace Coordinator.Benchmarks;

/// <summary>What a run is told.</summary>
internal sealed record BenchmarkOptions
{
    /// <summary>How long each point is measured, over all rounds together.</summary>
    public TimeSpan PointLength { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Into how many pieces each point is cut, between which the other cases have their turn.</summary>
    public int Rounds { get; init; } = 5;

    public IReadOnlyList<int> Workers { get; init; } = [1, 8, 32];

    /// <summary>How many transactions a case does before it is measured.</summary>
    public int WarmUpTransactions { get; init; } = 5_000;

    /// <summary>How long that goes on at most, and while .NET still compiles what they need most.</summary>
    public TimeSpan WarmUpLimit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Open transactions at once, for the command that counts memory.</summary>
    public int Open { get; init; } = 10_000;

    /// <summary>Transactions that end, for the command that watches log and memory.</summary>
    public int Transactions { get; init; } = 1_000_000;

    /// <summary>Decisions that nobody has been told, each a case of its own.</summary>
    public IReadOnlyList<int> Undelivered { get; init; } = [0, 10_000, 100_000];

    /// <summary>Branches that are prepared and decided when the coordinator starts.</summary>
    public int Prepared { get; init; } = 10_000;

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
