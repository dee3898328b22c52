namespace Coordinator.Engine;

/// <summary>Refuses new work clearly, BEFORE memory runs out or while nothing can be decided.</summary>
internal sealed class Admission(TransactionTable table, LogKeeper log, EngineOptions options)
{
    private readonly long _maxMemory = options.MaxMemoryBytes > 0
        ? options.MaxMemoryBytes
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;

    public bool IsDraining { get; private set; }

    /// <summary>Null if the log answers.</summary>
    public string? WhyNothingIsDecided =>
        log.Failure is { } failure ? $"The log does not answer, so nothing can be decided: {failure}" : null;

    public void StartDraining() => IsDraining = true;

    public static RefusedException Draining() =>
        new(RefusalKind.Unavailable, Reasons.Draining, "The coordinator is shutting down; try again when it is back.");

    /// <exception cref="RefusedException">No new transaction can be taken now.</exception>
    public void Check()
    {
        if (IsDraining)
            throw Draining();
        CheckLog();
        if (table.LiveCount >= options.MaxOpenTransactions)
        {
            throw new RefusedException(
                RefusalKind.ResourceExhausted, Reasons.Overloaded,
                $"{table.LiveCount} transactions are open, the limit {nameof(EngineOptions.MaxOpenTransactions)}; try again later.");
        }

        if (GC.GetTotalMemory(forceFullCollection: false) > _maxMemory)
        {
            throw new RefusedException(
                RefusalKind.ResourceExhausted, Reasons.Overloaded,
                $"The coordinator uses more memory than {nameof(EngineOptions.MaxMemoryBytes)} allows ({_maxMemory} bytes); try again later.");
        }
    }

    /// <exception cref="RefusedException">The log does not answer.</exception>
    public void CheckLog()
    {
        if (WhyNothingIsDecided is { } why)
            throw new RefusedException(RefusalKind.Unavailable, Reasons.LogUnavailable, why);
    }
}
