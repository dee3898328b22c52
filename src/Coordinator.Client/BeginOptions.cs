namespace Coordinator.Client;

/// <summary>How to begin a transaction.</summary>
public sealed record BeginOptions
{
    internal static BeginOptions Default { get; } = new();

    /// <summary>
    /// How long the transaction may take until commit is asked for. Null: the coordinator's default (30 s). More than
    /// its maximum (10 min by default) is refused.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>For people, at most 100 characters.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// At most 100 characters. Two transactions of one key never both commit, until the coordinator's retention ends
    /// (7 days by default): check <see cref="GlobalTransaction.AlreadyCommitted"/> before working.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    internal void Validate()
    {
        if (Timeout is { } timeout)
            CoordinatorClientOptions.RequirePositive(timeout, nameof(Timeout));
        RequireLength(Name, nameof(Name));
        RequireLength(IdempotencyKey, nameof(IdempotencyKey));
        if (IdempotencyKey is { Length: 0 })
            throw new ArgumentException("An idempotency key is not empty; null means none.", nameof(IdempotencyKey));
    }

    private static void RequireLength(string? text, string parameter)
    {
        if (text is { Length: > 100 })
            throw new ArgumentException($"{parameter} has at most 100 characters.", parameter);
    }
}
