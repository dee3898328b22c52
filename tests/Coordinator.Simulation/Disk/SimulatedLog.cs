using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Disk;

/// <summary>
/// The log's contract on a faulty disk: the real codec, chain, fold and trim plan, with a store that is small enough to
/// be cut at every await. Group commit: what arrives while a write is under way shares the next one.
/// </summary>
internal sealed class SimulatedLog(SimulatedDisk disk, SimulatedProcess process, Func<Faults> faults, SeededRandom random, Action<DecisionRecord> onDurable, Action<EndRecord> onEnd, Action onFailure)
    : ITransactionLog
{
    private readonly Dictionary<TransactionId, DecisionRecord> _decisions = [];
    private readonly Dictionary<string, DecisionRecord> _byKey = new(StringComparer.Ordinal);
    private readonly List<Pending> _queue = [];
    private Exception? _failure;
    private ChainValue _chain;
    private bool _isWriting;
    private bool _isOpen;
    private long _end;
    private long _firstUntrimmed;

    /// <inheritdoc/>
    public long DurableEnd { get; private set; }

    /// <inheritdoc/>
    public Horizon? Horizon { get; private set; }

    /// <inheritdoc/>
    public LogStatistics Statistics => new(_end, 0, 0);

    /// <inheritdoc/>
    public async Task<OpenedLog> OpenAsync(IIdSource ids)
    {
        await LatencyAsync();
        var fold = Load();
        var isNew = fold.Records == 0;
        var epoch = fold.NextEpoch(ids, process.Time.GetUtcNow());
        _isOpen = true;
        await WriteAsync(epoch, isForced: true);
        fold.Apply(_end, epoch);
        return fold.ToOpened(_end, isNew);
    }

    /// <inheritdoc/>
    public async Task<OpenedLog> ReopenAsync()
    {
        while (_isWriting)
            await LatencyAsync();
        await LatencyAsync();
        try
        {
            // R4: what is read counts only once it has been written anew and forced.
            disk.Replace([.. Verified().Select(frame => frame with { IsLie = false })], faults());
        }
        catch (IOException exception)
        {
            throw new LogOutcomeUnknownException(exception.Message, exception);
        }

        await LatencyAsync();
        var fold = Load();
        _failure = null;
        return fold.ToOpened(_end, isNew: false);
    }

    /// <inheritdoc/>
    public async Task<DecisionRecord> DecideAsync(DecisionRecord decision)
    {
        ThrowIfFailed();
        if (_decisions.TryGetValue(decision.Transaction, out var standing))
            return standing;
        return await WriteAsync(decision, isForced: true) ?? throw new InvalidOperationException("A decision has a standing one.");
    }

    /// <inheritdoc/>
    public async Task AppendAsync(LogRecord record, Durability durability)
    {
        ThrowIfFailed();
        if (record is EndRecord end)
            onEnd(end);
        await WriteAsync(record, durability == Durability.Forced);
    }

    /// <inheritdoc/>
    public Task<DecisionRecord?> FindDecisionAsync(TransactionId transaction) => ReadAsync(() => _decisions.GetValueOrDefault(transaction));

    /// <inheritdoc/>
    public Task<DecisionRecord?> FindByIdempotencyKeyAsync(string key) => ReadAsync(() => _byKey.GetValueOrDefault(key));

    /// <inheritdoc/>
    public async Task<TrimResult> TrimAsync(DateTimeOffset endedBefore)
    {
        ThrowIfFailed();
        var plan = new TrimPlan(endedBefore, maxTransactions: int.MaxValue, _firstUntrimmed);
        foreach (var frame in disk.Read().Where(frame => frame.IsDurable).ToList())
        {
            if (!plan.Take(frame.Position, RecordCodec.Decode(frame.Body, frame.Position)))
                break;
        }

        plan.Conclude(Horizon);
        if (plan.Transactions == 0)
            return new TrimResult(0, Horizon);
        // R5: durable BEFORE anything is removed.
        await WriteAsync(new HorizonRecord(plan.Horizon!, process.Time.GetUtcNow()), isForced: true);
        while (_isWriting)
            await LatencyAsync();
        ThrowIfFailed();
        var gone = plan.Verdicts().Where(verdict => !verdict.Stays).Select(verdict => verdict.Position).ToHashSet();
        try
        {
            disk.Replace(Rechained(disk.Read().Where(frame => !gone.Contains(frame.Position))), faults());
        }
        catch (IOException exception)
        {
            Fail(exception);
            ThrowIfFailed();
        }

        _firstUntrimmed = plan.LastPosition + 1;
        Load();
        return new TrimResult(plan.Transactions, Horizon);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<DecisionRecord?> WriteAsync(LogRecord record, bool isForced)
    {
        var pending = new Pending(record);
        _queue.Add(pending);
        if (isForced)
        {
            Wake();
            return await pending.Done.Task;
        }

        _ = WakeLaterAsync();
        return null;
    }

    private async Task WakeLaterAsync()
    {
        await process.Delay(TimeSpan.FromMilliseconds(50));
        if (_failure is null)
            Wake();
    }

    private void Wake()
    {
        if (!_isWriting && _queue.Count > 0)
            _ = WriteQueueAsync();
    }

    private async Task WriteQueueAsync()
    {
        _isWriting = true;
        while (_queue.Count > 0)
        {
            var batch = _queue.ToList();
            _queue.Clear();
            var answers = new Dictionary<Pending, DecisionRecord?>();
            var fresh = new List<DecisionRecord>();
            var frames = Encode(batch, answers, fresh);
            await LatencyAsync();
            try
            {
                disk.Append(frames);
                await LatencyAsync();
                disk.Force(faults());
            }
            catch (IOException exception)
            {
                // What reached the disk all the same counts for the checks from now on.
                foreach (var decision in fresh.Where(decision => frames.Any(frame => frame.IsDurable && frame.Decides(decision))))
                    onDurable(decision);
                Fail(exception);
                foreach (var pending in batch.Concat(_queue))
                    pending.Done.TrySetException(Unknown());
                _queue.Clear();
                break;
            }

            foreach (var decision in fresh)
                onDurable(decision);
            DurableEnd = _end;
            await LatencyAsync();
            foreach (var decision in fresh)
                Index(decision);
            foreach (var pending in batch)
                pending.Done.TrySetResult(answers.GetValueOrDefault(pending));
        }

        _isWriting = false;
    }

    private List<Frame> Encode(List<Pending> batch, Dictionary<Pending, DecisionRecord?> answers, List<DecisionRecord> fresh)
    {
        var frames = new List<Frame>();
        foreach (var pending in batch)
        {
            if (pending.Record is DecisionRecord decision)
            {
                var standing = _decisions.GetValueOrDefault(decision.Transaction)
                    ?? fresh.Find(other => other.Transaction == decision.Transaction);
                answers[pending] = standing ?? decision;
                if (standing is not null)
                    continue;
                fresh.Add(decision);
            }

            var body = RecordCodec.Encode(pending.Record);
            _chain = _chain.Next(++_end, body);
            frames.Add(new Frame(_end, _chain) { Body = body });
        }

        return frames;
    }

    private LogFold Load()
    {
        var fold = new LogFold();
        _decisions.Clear();
        _byKey.Clear();
        _chain = ChainValue.Genesis;
        _end = 0;
        var verified = Verified();
        disk.DropAfter(verified.Count);
        foreach (var frame in verified)
        {
            var record = RecordCodec.Decode(frame.Body, frame.Position);
            fold.Apply(frame.Position, record);
            (_chain, _end) = (frame.Chain, frame.Position);
            if (record is DecisionRecord decision)
            {
                Index(decision);
                onDurable(decision);
            }
        }

        DurableEnd = _end;
        Horizon = fold.Horizon;
        return fold;
    }

    /// <summary>A torn tail above the mark is dropped; anything else that doesn't fit is refused by name.</summary>
    private List<Frame> Verified()
    {
        var mark = disk.ReadMark();
        var verified = new List<Frame>();
        var chain = ChainValue.Genesis;
        foreach (var frame in disk.Read())
        {
            chain = chain.Next(frame.Position, frame.Body);
            if (chain != frame.Chain)
            {
                if (frame.Position <= mark.Position)
                    throw new LogRefusedException($"Record {frame.Position} of the log is damaged.");
                break;
            }

            verified.Add(frame);
        }

        if ((verified.Count > 0 ? verified[^1].Position : 0) < mark.Position)
            throw new LogRefusedException($"The log ends before record {mark.Position}, which the high-water mark names.");
        return verified;
    }

    private static List<Frame> Rechained(IEnumerable<Frame> frames)
    {
        var chain = ChainValue.Genesis;
        return [.. frames.Select(frame => frame with { Chain = chain = chain.Next(frame.Position, frame.Body) })];
    }

    private void Index(DecisionRecord decision)
    {
        _decisions.TryAdd(decision.Transaction, decision);
        if (decision.IdempotencyKey is not null)
            _byKey.TryAdd(decision.IdempotencyKey, decision);
    }

    private async Task<T> ReadAsync<T>(Func<T> read)
    {
        await LatencyAsync();
        ThrowIfFailed();
        return read();
    }

    private void Fail(Exception exception)
    {
        _failure ??= exception;
        onFailure();
    }

    private void ThrowIfFailed()
    {
        if (!_isOpen)
            throw new InvalidOperationException("The log has not been opened.");
        if (_failure is not null)
            throw Unknown();
    }

    private LogOutcomeUnknownException Unknown() => new($"Whether it was written to the log is unknown: {_failure!.Message}", _failure);

    private Task LatencyAsync() => process.Delay(random.Between(TimeSpan.FromMicroseconds(20), TimeSpan.FromMilliseconds(2)));

    private sealed class Pending(LogRecord record)
    {
        public LogRecord Record { get; } = record;

        public TaskCompletionSource<DecisionRecord?> Done { get; } = new();
    }
}

internal static class FrameExtensions
{
    public static bool Decides(this Frame frame, DecisionRecord decision) =>
        RecordCodec.Decode(frame.Body, frame.Position) is DecisionRecord found && found.Transaction == decision.Transaction && found.Decision == decision.Decision;
}
