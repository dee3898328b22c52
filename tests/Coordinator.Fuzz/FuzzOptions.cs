namespace Coordinator.Fuzz;

/// <summary>What to run.</summary>
internal sealed record FuzzOptions
{
    /// <summary>From which every request is drawn.</summary>
    public required long Seed { get; init; }

    /// <summary>Ends once so many calls have been answered.</summary>
    public long Requests { get; init; } = 10_000;

    /// <summary>Only this one, with every request written out; null: all.</summary>
    public long? Episode { get; init; }

    /// <summary>Episodes at once.</summary>
    public int Workers { get; init; } = 16;
}
