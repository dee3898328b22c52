using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>Begin: hands out ids of this epoch, which live in memory alone until they are decided.</summary>
internal sealed class Beginning(
    LogKeeper keeper,
    TransactionTable table,
    Admission admission,
    Inquiry inquiry,
    LogLineage lineage,
    EngineMetrics metrics,
    EngineOptions options,
    TimeProvider time,
    IIdSource ids,
    ILogger logger,
    Action<GlobalTransaction> onDeadline)
{
    private long _sequence;

    /// <summary>Ids of this epoch, for whoever makes them live.</summary>
    public IReadOnlyList<TransactionId> TakeIds(int count)
    {
        var last = Interlocked.Add(ref _sequence, count);
        return [.. Enumerable.Range(0, count).Select(i => NewId(last - count + 1 + i))];
    }

    /// <summary>Begins a transaction, or finds the one that holds the idempotency key.</summary>
    public async Task<BegunTransaction> RunAsync(TimeSpan? timeout, string name, string? idempotencyKey, string attempt)
    {
        var lifetime = Limits.CheckTimeout(timeout, options);
        Limits.CheckText(name, 100, "name");
        Limits.CheckText(idempotencyKey ?? "", 100, "idempotency_key");
        Limits.CheckText(attempt, 40, "attempt");
        admission.Check();

        var id = NewId(Interlocked.Increment(ref _sequence));
        if (idempotencyKey is null)
            return Begin(id, lifetime, name, idempotencyKey: null, attempt);

        // The key is taken BEFORE the log is asked, so that of two Begins with one key only one makes a transaction.
        var holder = table.TakeKey(idempotencyKey, id);
        if (holder != id)
            return FindHolder(holder, idempotencyKey, attempt);
        var begun = false;
        try
        {
            if (await keeper.ReadAsync(log => log.FindByIdempotencyKeyAsync(idempotencyKey)) is { } decided)
                return new BegunTransaction(await inquiry.GetAsync(decided.Transaction), TimeSpan.Zero, IsExisting: true);
            begun = true;
            return Begin(id, lifetime, name, idempotencyKey, attempt);
        }
        finally
        {
            if (!begun)
                table.ReleaseKey(idempotencyKey, id);
        }
    }

    private TransactionId NewId(long sequence) => TransactionId.Create(lineage.Cluster, lineage.Epoch, sequence, ids.NextRandom());

    private BegunTransaction Begin(TransactionId id, TimeSpan lifetime, string name, string? idempotencyKey, string attempt)
    {
        var transaction = new GlobalTransaction(id, name, idempotencyKey, time.GetUtcNow()) { Attempt = attempt };
        var timer = time.CreateTimer(_ => onDeadline(transaction), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        transaction.SetDeadline(
            transaction.BegunAt + lifetime,
            time.GetTimestamp() + (long)(lifetime.TotalSeconds * time.TimestampFrequency),
            timer);
        table.Add(transaction);
        // Armed only once the transaction is live: a deadline that fell before would leave a dead transaction behind.
        timer.Change(lifetime, Timeout.InfiniteTimeSpan);
        metrics.BegunOne();
        Log.Begun(logger, id, name);
        return new BegunTransaction(transaction.ToView(), lifetime, IsExisting: false);
    }

    private BegunTransaction FindHolder(TransactionId holder, string key, string attempt)
    {
        if (table.TryGetLive(holder, out var live))
            return new BegunTransaction(live.ToView(), live.RemainingAt(time), IsExisting: live.Attempt != attempt || attempt.Length == 0);
        if (table.TryGetFinished(holder, out var finished))
            return new BegunTransaction(finished, TimeSpan.Zero, IsExisting: true);
        throw new RefusedException(
            RefusalKind.Unavailable, Reasons.Overloaded, $"Another Begin with idempotency key '{key}' is under way; try again.");
    }
}
