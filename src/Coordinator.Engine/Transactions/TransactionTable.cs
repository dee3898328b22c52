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

    public IEnumerable<GlobalTransaction> Live => _live.Values;

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

    /// <summary>A transaction that nothing but its id is known of has been made impossible to commit.</summary>
    public void RememberAborted(TransactionId id, string reasonCode, string reason) => Remember(new TransactionView(
        id, "", TransactionState.Aborted, Outcome.Aborted, reasonCode, reason, [], DateTimeOffset.UnixEpoch, Deadline: null));

    /// <summary>Recovery rolled back a prepared branch of an earlier epoch's transaction: whoever asks is told.</summary>
    public void RememberAborted(TransactionId id) => RememberAborted(
        id, Reasons.CoordinatorRestarted, "The coordinator was restarted before it decided; the branches are rolled back.");

    private void Remember(TransactionView view)
    {
        if (_finished.TryAdd(view.Id, view))
            _finishedOrder.Enqueue(view.Id);
        while (_finishedOrder.Count > options.MaxFinishedTransactions && _finishedOrder.TryDequeue(out var oldest))
            _finished.TryRemove(oldest, out _);
    }
}
