namespace Coordinator.Log;

/// <summary>Where an embedded log lies, and its limits.</summary>
public sealed class SqliteLogOptions
{
    /// <summary>The log's file; missing folders are made. Local storage, not a network file system.</summary>
    public required string Path { get; init; }

    /// <summary>Records that share one durable write at most.</summary>
    public int MaxBatch { get; init; } = 512;

    /// <summary>
    /// How long a decision waits at most for others to share its durable write, while many transactions are being
    /// committed; zero: never, and at most an hour. With few of them nothing waits.
    /// </summary>
    public TimeSpan GatherFor { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Requests that wait for the writer at most; a further one waits for its place.</summary>
    public int MaxQueue { get; init; } = 10_000;

    /// <summary>How long a record that needs no force waits at most for one that does.</summary>
    public TimeSpan LazyDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How far the forced high-water mark may lag behind, in time.</summary>
    public TimeSpan MarkInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>About how many pages of 4 KB the write-ahead file holds before it is copied into the log's file.</summary>
    public int CheckpointPages { get; init; } = 1000;

    /// <summary>Transactions that trimming removes at most in one write, between which other writes go on.</summary>
    public int TrimBatch { get; init; } = 1000;

    /// <summary>Failures for tests.</summary>
    internal ILogFaults? Faults { get; init; }

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Path);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxBatch);
        ArgumentOutOfRangeException.ThrowIfLessThan(GatherFor, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(GatherFor, TimeSpan.FromHours(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxQueue, MaxBatch);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(LazyDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MarkInterval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(CheckpointPages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(TrimBatch);
    }
}
