using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.Engine;

/// <summary>
/// The live transactions of this epoch, and the last finished ones. An id that is not live can never become live again:
/// that is the tombstone by which its commit has become impossible (R3).
/// </summary>
internal sealed class TransactionTable(EngineOptions options)
{
    private readonly ConcurrentDictionary<TransactionId, GlobalTransaction> _live = new();
    private readonly ConcurrentDictionary<TransactionId, TransactionView> _finished = new();
    private readonly ConcurrentQueue<TransactionId> _finishedOrder = new();
    private readonly ConcurrentDictionary<string, TransactionId> _keys = new(StringComparer.Ordinal);

    public int LiveCount => _live.Count;

    /// <summary>As of one moment.</summary>
    public IEnumerable<GlobalTransaction> Live => _live.Values;

    /// <summary>Without a copy and without stopping anybody, so not as of one moment.</summary>
    public IEnumerable<GlobalTransaction> PassingLive => _live.Select(pair => pair.Value);

    /// <summary>The newest first.</summary>
    public IEnumerable<TransactionView> Finished => _finishedOrder.Reverse()
        .Select(id => _finished.GetValueOrDefault(id)).OfType<TransactionView>();

    public bool TryGetLive(TransactionId id, [NotNullWhen(true)] out GlobalTransaction? transaction) =>
        _live.TryGetValue(id, out transaction);

    public bool TryGetFinished(TransactionId id, [NotNullWhen(true)] out TransactionView? view) =>
        _finished.TryGetValue(id, out view);

    /// <summary>Takes an idempotency key for a new transaction, or tells which one holds it.</summary>
    public TransactionId TakeKey(string key, TransactionId candidate) => _keys.GetOrAdd(key, candidate);

    public void ReleaseKey(string key, TransactionId holder) =>
        _keys.TryRemove(new KeyValuePair<string, TransactionId>(key, holder));

    public void Add(GlobalTransaction transaction)
    {
        if (!_live.TryAdd(transaction.Id, transaction))
            throw new InvalidOperationException($"Transaction {transaction.Id} is live already.");
        if (transaction.IdempotencyKey is { } key)
            _keys.TryAdd(key, transaction.Id);
    }

    /// <summary>Moves a transaction that is over from the live to the finished ones.</summary>
    public void Finish(GlobalTransaction transaction)
    {
        Remember(transaction.ToView());
        // Remembered as finished BEFORE it stops being live: at every moment one of the two tells its outcome.
        _live.TryRemove(transaction.Id, out _);
        if (transaction.IdempotencyKey is { } key)
            ReleaseKey(key, transaction.Id);
    }

    /// <summary>Recovery rolled back a prepared branch of a transaction that nothing else is known of: whoever asks is told.</summary>
    public void RememberAborted(TransactionId id, string reasonCode, string reason) => Remember(new TransactionView(
        id, "", TransactionState.Aborted, Outcome.Aborted, reasonCode, reason, [], DateTimeOffset.UnixEpoch, Deadline: null));

    /// <summary>
    /// An initiator's transaction that no decision can be had for any more. That proves abort only of branches that prepared:
    /// a single one, or readers alone, may have ended without a word to the coordinator (R13).
    /// </summary>
    public void RememberAbandoned(TransactionId id, string reasonCode, string reason) => Remember(new TransactionView(
        id, "", TransactionState.InDoubt, Outcome.Unknown, reasonCode, $"{reason} Its branches can no longer commit together.", [], DateTimeOffset.UnixEpoch, Deadline: null));

    private void Remember(TransactionView view)
    {
        if (_finished.TryAdd(view.Id, view))
            _finishedOrder.Enqueue(view.Id);
        else if (_finished.TryGetValue(view.Id, out var known) && known.Outcome == Outcome.Unknown)
            _finished.TryUpdate(view.Id, view with { ReasonCode = known.ReasonCode, Reason = known.Reason }, known);
        while (_finishedOrder.Count > options.MaxFinishedTransactions && _finishedOrder.TryDequeue(out var oldest))
            _finished.TryRemove(oldest, out _);
    }
}
