namespace Coordinator.Initiation;

/// <summary>Limits and times of an initiator.</summary>
public sealed record InitiatorOptions
{
    /// <summary>The application's name, for operators; at most 100 characters.</summary>
    public string Name { get; init; } = AppDomain.CurrentDomain.FriendlyName;

    /// <summary>A transaction's time from Begin to Commit, unless Begin says otherwise (30 s).</summary>
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long Begin waits for an id, and connecting for the coordinator's first answer (10 s).</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a branch may take to vote (10 s); the deadline may come first.</summary>
    public TimeSpan PrepareTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many ids are reserved at a time (256).</summary>
    public int ReservedIds { get; init; } = 256;

    /// <summary>
    /// How long a reserved id may wait for its transaction (5 min); an older one is given back. Far below the coordinator's
    /// retention, since nothing is presumed of ids older than that (R5).
    /// </summary>
    public TimeSpan ReservedIdLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The first pause before asking or connecting again (100 ms); it doubles, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause before asking or connecting again (5 s).</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many messages may wait to be sent (10,000).</summary>
    public int MaxQueuedMessages { get; init; } = 10_000;

    /// <summary>How many messages go into one frame (256).</summary>
    public int MaxMessagesPerFrame { get; init; } = 256;

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One is out of range; the message names it.</exception>
    public void Validate()
    {
        if (Name.Length > 100 || Name.Any(char.IsControl))
            throw new ArgumentException($"{nameof(Name)} has at most 100 characters, none of them a control character.");
        foreach (var (name, value) in new[]
        {
            (nameof(DefaultTimeout), DefaultTimeout), (nameof(OpenTimeout), OpenTimeout), (nameof(PrepareTimeout), PrepareTimeout),
            (nameof(ReservedIdLifetime), ReservedIdLifetime), (nameof(RetryDelay), RetryDelay), (nameof(MaxRetryDelay), MaxRetryDelay),
        })
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(40))
                throw new ArgumentException($"{name} must be above zero and at most 40 days.");
        }

        foreach (var (name, value) in new[]
        {
            (nameof(ReservedIds), ReservedIds), (nameof(MaxQueuedMessages), MaxQueuedMessages), (nameof(MaxMessagesPerFrame), MaxMessagesPerFrame),
        })
        {
            if (value < 1)
                throw new ArgumentException($"{name} must be at least 1.");
        }
    }
}
