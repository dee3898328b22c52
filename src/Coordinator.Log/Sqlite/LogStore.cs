using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>
/// An open log: the database, its chain's end and its high-water mark. Used by one thread at a time; any exception of a
/// write leaves it closed (<see cref="IsClosed"/>) until <see cref="Reopen"/>.
/// </summary>
internal sealed class LogStore : IDisposable
{
    private readonly LogPaths _paths;
    private readonly SqliteLogOptions _options;
    private readonly TimeProvider _time;
    private readonly FileStream _lock;
    private LogDatabase? _database;
    private HighWaterMark? _mark;
    private EpochRecord? _epoch;
    private Anchor? _anchor;
    private Horizon? _horizon;
    private ChainValue _chain;
    private int _pagesSinceCheckpoint;
    private readonly HashSet<LogBackup> _backups = [];

    private LogStore(LogPaths paths, SqliteLogOptions options, TimeProvider time, FileStream @lock)
    {
        _paths = paths;
        _options = options;
        _time = time;
        _lock = @lock;
    }

    /// <summary>The position of the last durable record.</summary>
    public long End { get; private set; }

    public long Records { get; private set; }

    public long ForcedWrites { get; private set; }

    public long Bytes { get; private set; }

    public long MarkForces { get; private set; }

    public long Checkpoints { get; private set; }

    public bool IsMarkUnforced => _mark is { IsUnforced: true };

    public bool IsClosed => _database is null;

    /// <summary>
    /// 1. Takes the lock. 2. Ends a replacement that a crash interrupted. 3. Verifies the whole log against its mark.
    /// 4. Forces what was read (R4: the last process may have died of a failed fsync). 5. Begins the next epoch.
    /// </summary>
    public static LogStore Open(SqliteLogOptions options, TimeProvider time, IIdSource random, out OpenedLog opened)
    {
        var paths = new LogPaths(options.Path);
        var store = new LogStore(paths, options, time, LogFiles.TakeLock(paths));
        try
        {
            LogReplacement.Finish(paths, options.Faults);
            store._mark = OpenMark(paths, options);
            WriteAheadFile.Check(paths);
            var verified = store.OpenDatabase(store._mark.Current!);
            var isNew = verified.Fold.Records == 0;
            store._database!.Checkpoint(truncate: true);
            var epoch = verified.Fold.NextEpoch(random, time.GetUtcNow());
            store._epoch = epoch;
            store.Write([new PendingWrite(epoch, Durability.Forced)]);
            store.ForceMark();
            verified.Fold.Apply(store.End, epoch);
            opened = verified.Fold.ToOpened(store.End, isNew);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Writes a batch durably: all of it or, after an exception, nobody knows.</summary>
    public void Write(IReadOnlyList<PendingWrite> writes)
    {
        var database = Database;
        var (end, chain, inserted, bytes) = (End, _chain, 0, 0L);
        database.Begin();
        foreach (var write in writes)
        {
            var next = chain.Next(end + 1, write.Body);
            var decision = write.Decision;
            write.Standing = decision;
            if (!database.Insert(new StoredRow(end + 1, decision?.Transaction.Value, decision?.IdempotencyKey, write.Body, next)))
            {
                write.Standing = FindDecision(decision!.Transaction)
                    ?? throw new LogRefusedException($"Record {end + 1} of the log {_paths.Log} is there already.");
                continue;
            }

            (end, chain) = (end + 1, next);
            inserted++;
            bytes += write.Body.Length;
        }

        _options.Faults?.At(LogStep.BeforeCommit);
        database.Commit();
        _options.Faults?.At(LogStep.AfterCommit);
        if (inserted == 0)
            return;
        _options.Faults?.At(LogStep.BeforeMark);
        _mark!.Write(new Mark(end, chain, _epoch!.Epoch.Number));
        (End, _chain) = (end, chain);
        Records += inserted;
        ForcedWrites++;
        Bytes += bytes;
        // A record touches its page and up to two index pages, and neighbours share them.
        _pagesSinceCheckpoint += 3 + inserted;
    }

    public void ForceMark()
    {
        _options.Faults?.At(LogStep.BeforeMarkForced);
        _mark?.Force();
        MarkForces++;
    }

    /// <summary>Copies the write-ahead file back once it has grown.</summary>
    public void CheckpointIfLarge()
    {
        if (_pagesSinceCheckpoint < _options.CheckpointPages)
            return;
        _options.Faults?.At(LogStep.BeforeCheckpoint);
        Database.Checkpoint(truncate: false);
        _pagesSinceCheckpoint = 0;
        Checkpoints++;
    }

    public DecisionRecord? FindDecision(TransactionId transaction) => Verified(Database.FindByTransaction(transaction.Value));

    public DecisionRecord? FindByIdempotencyKey(string key) => Verified(Database.FindByKey(key));

    /// <summary>How far decisions have been trimmed; null if never.</summary>
    public Horizon? Horizon => _horizon;

    /// <summary>Trims as far as one write goes; 0 if nothing is left to trim.</summary>
    public int Trim(DateTimeOffset endedBefore)
    {
        var plan = new TrimPlan(endedBefore, _options.TrimBatch, _anchor?.Cut ?? 0);
        var rows = new List<StoredRow>();
        foreach (var (row, record) in LogReader.Entries(Database, _anchor))
        {
            if (!plan.Take(row.Position, record))
                break;
            rows.Add(row);
        }

        plan.Conclude(_horizon);
        if (plan.Transactions == 0)
            return 0;

        // R5: durable BEFORE anything is removed, and the mark behind it: a mark never names a record that is trimmed.
        Write([new PendingWrite(new HorizonRecord(plan.Horizon!, _time.GetUtcNow()), Durability.Forced)]);
        _horizon = plan.Horizon;
        ForceMark();
        _options.Faults?.At(LogStep.TrimHorizonDurable);
        Remove(plan, rows);
        return plan.Transactions;
    }

    /// <summary>
    /// Gives pages that trimming has freed back to the disk, a piece at a time; false once most of the file is in use
    /// again. What is left free is filled by what is written next.
    /// </summary>
    public bool Shrink()
    {
        const int PagesAStep = 500;
        var (pages, free) = Database.CountPages();
        if (free < PagesAStep || free < pages / 2)
            return false;
        Database.Shrink(PagesAStep);
        _pagesSinceCheckpoint += PagesAStep;
        CheckpointIfLarge();
        // A log of a release that made its file otherwise keeps its size.
        return Database.CountPages().Pages < pages;
    }

    /// <summary>Copies some pages; true once the backup is complete or has failed, and lets go of it then.</summary>
    public bool StepBackup(LogBackup backup)
    {
        _backups.Add(backup);
        if (!backup.Step(Database))
            return false;
        AbandonBackup(backup);
        return true;
    }

    /// <summary>Lets go of a backup that is complete, or that nobody waits for any more.</summary>
    public void AbandonBackup(LogBackup backup)
    {
        backup.Release();
        _backups.Remove(backup);
    }

    /// <summary>R4: see <see cref="ITransactionLog.ReopenAsync"/>.</summary>
    public OpenedLog Reopen()
    {
        Close();
        LogReplacement.Finish(_paths, _options.Faults);
        WriteAheadFile.Check(_paths);
        // What was acknowledged is known here better than in the mark's file.
        var known = new Mark(End, _chain, _epoch!.Epoch.Number);
        using (var old = LogDatabase.Open(_paths.Log, maxPages: null))
        {
            var anchor = LogReader.Verify(old, known).Anchor;
            LogReplacement.Replace(_paths, LogReader.Entries(old, anchor).Select(entry => entry.Row), anchor, _options.Faults);
        }

        var verified = OpenDatabase(known);
        if (verified.Fold.Epoch?.Epoch != _epoch.Epoch)
            throw new LogRefusedException($"The log {_paths.Log} is of epoch {verified.Fold.Epoch?.Epoch}, not of this process's epoch {_epoch.Epoch}.");
        _mark = HighWaterMark.Create(_paths.Mark, new Mark(End, _chain, _epoch.Epoch.Number));
        return verified.Fold.ToOpened(End, isNew: false);
    }

    /// <summary>Closes the files without writing anything; the lock is kept.</summary>
    public void Close()
    {
        // BEFORE the database: a backup under way would keep its file open, and locked.
        foreach (var backup in _backups)
            backup.Release();
        _backups.Clear();
        _database?.Dispose();
        _database = null;
        _mark?.Dispose();
        _mark = null;
    }

    /// <summary>Ends in order: the write-ahead file is copied back, and the mark forced.</summary>
    public void Finish()
    {
        Database.Checkpoint(truncate: true);
        ForceMark();
        Close();
    }

    public void Dispose()
    {
        Close();
        _lock.Dispose();
    }

    internal LogDatabase Database => _database ?? throw new InvalidOperationException("The log is closed.");

    private VerifiedLog OpenDatabase(Mark mark)
    {
        _database = LogDatabase.Open(_paths.Log, _options.Faults?.MaxPages);
        var verified = LogReader.Verify(_database, mark);
        (End, _chain, _anchor, _horizon) = (verified.End, verified.Chain, verified.Anchor, verified.Fold.Horizon);
        _pagesSinceCheckpoint = 0;
        return verified;
    }

    /// <summary>The mark beside an existing log; both are made if there is neither.</summary>
    private static HighWaterMark OpenMark(LogPaths paths, SqliteLogOptions options)
    {
        var mark = LogFiles.OpenMark(paths);
        if (LogFiles.HasLog(paths))
        {
            return mark ?? throw new LogRefusedException(
                $"The high-water mark {paths.Mark} is missing: whether the log {paths.Log} is whole cannot be told. {LogReader.WhatToDo}");
        }

        if (mark is { Current.Position: > 0 })
        {
            mark.Dispose();
            throw new LogRefusedException(
                $"The log {paths.Log} is missing, but its high-water mark says that it had {mark.Current.Position} records. {LogReader.WhatToDo} "
                + $"To begin a new cluster, which knows nothing of the old one's transactions, move {paths.Mark} away.");
        }

        // The mark BEFORE the log: a log without a mark is then never the work of a crash.
        mark ??= HighWaterMark.Create(paths.Mark, Mark.Beginning);
        LogReplacement.Replace(paths, [], anchor: null, options.Faults);
        return mark;
    }

    private void Remove(TrimPlan plan, List<StoredRow> rows)
    {
        var survivors = ChainValue.Genesis;
        var removed = new List<long>();
        Database.Begin();
        foreach (var ((position, stays), row) in plan.Verdicts().Zip(rows))
        {
            if (!stays)
            {
                removed.Add(position);
                continue;
            }

            survivors = survivors.Next(position, row.Body);
            if (survivors != row.Chain)
                Database.SetChain(position, survivors);
        }

        Database.Delete(removed);
        var anchor = Anchor.Of(survivors, plan.LastPosition + 1, rows[^1].Chain);
        Database.SetAnchor(anchor);
        _options.Faults?.At(LogStep.BeforeCommit);
        Database.Commit();
        _options.Faults?.At(LogStep.AfterCommit);
        _anchor = anchor;
        _pagesSinceCheckpoint += removed.Count;
    }

    private DecisionRecord? Verified(StoredRow? row) =>
        row is null ? null : (DecisionRecord)LogReader.VerifyAlone(Database, row, _anchor);
}
