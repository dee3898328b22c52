using Coordinator.Engine;
using Coordinator.Log;

namespace Coordinator.Server.Tests;

/// <summary>A log whose decisions and reopenings have an unknown outcome as long as a test says so.</summary>
internal sealed class FailingLog : ITransactionLog
{
    private readonly InMemoryTransactionLog _log = new();

    public bool Fails { get; set; }

    public long DurableEnd => _log.DurableEnd;

    public Horizon? Horizon => _log.Horizon;

    public LogStatistics Statistics => _log.Statistics;

    public Task<OpenedLog> OpenAsync(IIdSource random) => _log.OpenAsync(random);

    public Task<OpenedLog> ReopenAsync() => Unless(_log.ReopenAsync);

    public Task<DecisionRecord> DecideAsync(DecisionRecord decision) => Unless(() => _log.DecideAsync(decision));

    public Task AppendAsync(LogRecord record, Durability durability) => _log.AppendAsync(record, durability);

    public Task<DecisionRecord?> FindDecisionAsync(TransactionId transaction) => _log.FindDecisionAsync(transaction);

    public Task<DecisionRecord?> FindByIdempotencyKeyAsync(string key) => _log.FindByIdempotencyKeyAsync(key);

    public Task<TrimResult> TrimAsync(DateTimeOffset endedBefore) => _log.TrimAsync(endedBefore);

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private Task<T> Unless<T>(Func<Task<T>> act) =>
        Fails ? Task.FromException<T>(new LogOutcomeUnknownException("The log was made to fail.")) : act();
}
