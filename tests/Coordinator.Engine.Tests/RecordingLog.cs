namespace Coordinator.Engine.Tests;

/// <summary>Writes to the trace what becomes durable, and when; everything else is the log's own.</summary>
public sealed class RecordingLog(ITransactionLog log, Trace trace) : ITransactionLog
{
    /// <summary>Runs after a decision is durable and before the engine learns it.</summary>
    public Func<DecisionRecord, Task>? AfterDecision { get; set; }

    /// <summary>Runs before a decision is written.</summary>
    public Func<DecisionRecord, Task>? BeforeDecision { get; set; }

    /// <summary>Makes reads fail until the log is reopened.</summary>
    public bool FailReads { get; set; }

    public long DurableEnd => log.DurableEnd;

    public Horizon? Horizon => log.Horizon;

    public LogStatistics Statistics => log.Statistics;

    public Task<OpenedLog> OpenAsync(IIdSource random) => log.OpenAsync(random);

    public Task<OpenedLog> ReopenAsync()
    {
        trace.Add("log: reopen");
        FailReads = false;
        return log.ReopenAsync();
    }

    public async Task<DecisionRecord> DecideAsync(DecisionRecord decision)
    {
        trace.Add($"log: decide {decision.Decision}");
        if (BeforeDecision is { } before)
            await before(decision);
        var standing = await log.DecideAsync(decision);
        trace.Add($"log: durable {standing.Decision}");
        if (AfterDecision is { } after)
            await after(decision);
        return standing;
    }

    public async Task AppendAsync(LogRecord record, Durability durability)
    {
        if (record is EndRecord or HeuristicRecord)
            trace.Add($"log: {record.GetType().Name} {durability}");
        await log.AppendAsync(record, durability);
    }

    public Task<DecisionRecord?> FindDecisionAsync(TransactionId transaction) => log.FindDecisionAsync(transaction);

    public Task<DecisionRecord?> FindByIdempotencyKeyAsync(string key) => FailReads
        ? Task.FromException<DecisionRecord?>(new LogOutcomeUnknownException("made to fail"))
        : log.FindByIdempotencyKeyAsync(key);

    public Task<TrimResult> TrimAsync(DateTimeOffset endedBefore) => log.TrimAsync(endedBefore);

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
