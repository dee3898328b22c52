using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// The log in memory, for tests and for trying things out: the same meaning as the others, no durability. Disposing it
/// writes what is queued to its <see cref="InMemoryLogStorage"/>; without a storage of its own everything is lost then.
/// Answers at once, on the caller's thread. Lazy records have no timer: they wait for a forced one.
/// </summary>
public sealed class InMemoryTransactionLog : ITransactionLog
{
    private readonly InMemoryLogStorage _storage;
    private readonly TimeProvider _time;
    private readonly List<byte[]> _lazy = [];
    private readonly Dictionary<string, DecisionRecord> _decisions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DecisionRecord> _byKey = new(StringComparer.Ordinal);
    private Exception? _failure;
    private bool _isDisposed;
    private Epoch? _epoch;
    private Horizon? _horizon;
    private long _records, _forcedWrites, _bytes;

    /// <param name="storage">What outlives this object; null for a storage of its own.</param>
    /// <param name="time">For the times of epochs and horizons.</param>
    public InMemoryTransactionLog(InMemoryLogStorage? storage = null, TimeProvider? time = null)
    {
        _storage = storage ?? new InMemoryLogStorage();
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public long DurableEnd => Locked(() => _storage.End);

    /// <inheritdoc/>
    public LogStatistics Statistics => Locked(() => new LogStatistics(_records, _forcedWrites, _bytes));

    /// <inheritdoc/>
    public Task<OpenedLog> OpenAsync(IIdSource random) => Answer(() =>
    {
        ArgumentNullException.ThrowIfNull(random);
        if (_storage.Owner is not null)
            throw new LogRefusedException("The log in memory is in use by another process.") { IsInUse = true };
        var fold = Load();
        var isNew = fold.Records == 0;
        var epoch = fold.NextEpoch(random, _time.GetUtcNow());
        _storage.Owner = this;
        _epoch = epoch.Epoch;
        Write([RecordCodec.Encode(epoch)]);
        fold.Apply(_storage.End, epoch);
        return fold.ToOpened(_storage.End, isNew);
    });

    /// <inheritdoc/>
    public Task<OpenedLog> ReopenAsync() => Answer(() =>
    {
        ThrowUnlessOpen(evenFailed: true);
        var fold = Load();
        _failure = null;
        return fold.ToOpened(_storage.End, isNew: false);
    });

    /// <inheritdoc/>
    public Task<DecisionRecord> DecideAsync(DecisionRecord decision) => Answer(() =>
    {
        ArgumentNullException.ThrowIfNull(decision);
        var body = RecordCodec.Encode(decision);
        ThrowUnlessOpen();
        if (_decisions.TryGetValue(decision.Transaction.Value, out var standing))
            return standing;
        Write([.. _lazy, body]);
        Index(decision);
        return decision;
    });

    /// <inheritdoc/>
    public Task AppendAsync(LogRecord record, Durability durability) => Answer(() =>
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record is DecisionRecord)
            throw new ArgumentException($"A decision is written by {nameof(DecideAsync)}: the first one stands (R2).", nameof(record));
        var body = RecordCodec.Encode(record);
        ThrowUnlessOpen();
        if (durability == Durability.Lazy)
            _lazy.Add(body);
        else
            Write([.. _lazy, body]);
        return true;
    });

    /// <inheritdoc/>
    public Task<DecisionRecord?> FindDecisionAsync(TransactionId transaction) => Answer(() =>
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ThrowUnlessOpen();
        return _decisions.GetValueOrDefault(transaction.Value);
    });

    /// <inheritdoc/>
    public Task<DecisionRecord?> FindByIdempotencyKeyAsync(string key) => Answer(() =>
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ThrowUnlessOpen();
        return _byKey.GetValueOrDefault(key);
    });

    /// <inheritdoc/>
    public Horizon? Horizon => _horizon;

    /// <inheritdoc/>
    public Task<TrimResult> TrimAsync(DateTimeOffset endedBefore) => Answer(() =>
    {
        ThrowUnlessOpen();
        var plan = new TrimPlan(endedBefore, maxTransactions: int.MaxValue, _storage.Cut);
        foreach (var (position, record) in _storage.Records())
        {
            if (!plan.Take(position, record))
                break;
        }

        plan.Conclude(_horizon);
        if (plan.Transactions == 0)
            return new TrimResult(0, _horizon);
        // R5: durable BEFORE anything is removed.
        Write([.. _lazy, RecordCodec.Encode(new HorizonRecord(plan.Horizon!, _time.GetUtcNow()))]);
        _storage.Remove(plan.Verdicts().Where(verdict => !verdict.Stays).Select(verdict => verdict.Position).ToHashSet(), plan.LastPosition + 1);
        Load();
        return new TrimResult(plan.Transactions, _horizon);
    });

    /// <summary>Writes what is queued to the storage and lets go of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await Answer(() =>
        {
            if (_storage.Owner == this)
            {
                if (_failure is null && _lazy.Count > 0)
                    Write([.. _lazy]);
                _storage.Owner = null;
            }

            return _isDisposed = true;
        });
    }

    private LogFold Load()
    {
        var fold = new LogFold();
        _decisions.Clear();
        _byKey.Clear();
        foreach (var (position, record) in _storage.Records())
        {
            fold.Apply(position, record);
            if (record is DecisionRecord decision)
                Index(decision);
        }

        _horizon = fold.Horizon;
        return fold;
    }

    private void Index(DecisionRecord decision)
    {
        _decisions.Add(decision.Transaction.Value, decision);
        if (decision.IdempotencyKey is not null)
            _byKey.TryAdd(decision.IdempotencyKey, decision);
    }

    private void Write(IReadOnlyList<byte[]> bodies)
    {
        _lazy.Clear();
        try
        {
            _storage.Write(bodies);
        }
        catch (IOException e)
        {
            _failure = e;
            ThrowUnlessOpen();
        }

        _records += bodies.Count;
        _forcedWrites++;
        _bytes += bodies.Sum(body => (long)body.Length);
    }

    private void ThrowUnlessOpen(bool evenFailed = false)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_epoch is null)
            throw new InvalidOperationException("The log has not been opened.");
        if (_storage.Owner != this)
            throw new LogOutcomeUnknownException("The process that had this log open has crashed.");
        if (_failure is not null && !evenFailed)
            throw new LogOutcomeUnknownException($"Whether it was written to the log is unknown: {_failure.Message}", _failure);
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_storage.Gate)
            return read();
    }

    private Task<T> Answer<T>(Func<T> act)
    {
        try
        {
            return Task.FromResult(Locked(act));
        }
        catch (Exception e) when (e is LogOutcomeUnknownException or LogRefusedException or ObjectDisposedException)
        {
            return Task.FromException<T>(e);
        }
    }
}
