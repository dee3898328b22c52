using Coordinator.Engine;
using Microsoft.Data.Sqlite;

namespace Coordinator.Log;

/// <summary>
/// Looks at a log that no coordinator has open, and declares a restored one. All but the declaration change nothing.
/// Every method refuses with <see cref="LogRefusedException"/> a log that is in use, damaged or none.
/// </summary>
public static class LogInspector
{
    /// <summary>Verifies a log whole, against its high-water mark if there is one.</summary>
    /// <param name="path">The log's file, or its data folder, as for all methods here.</param>
    public static Task<LogReport> VerifyAsync(string path) => DumpAsync(path, static (_, _) => { });

    /// <summary>Verifies a log likewise and hands out its records in order with their positions, up to the first damaged one.</summary>
    /// <param name="path">The log.</param>
    /// <param name="each">Called for each record, on one thread.</param>
    public static Task<LogReport> DumpAsync(string path, Action<long, LogRecord> each) =>
        RunAsync(path, paths => Inspect(paths, each, static _ => { }));

    /// <summary>Copies a log to a new file. For a log in use see <see cref="SqliteTransactionLog.BackupAsync"/>.</summary>
    /// <param name="path">The log, verified whole.</param>
    /// <param name="target">Where the copy is to lie, once it has been verified too.</param>
    /// <param name="overwrites">Whether the copy may take an older backup's place.</param>
    /// <exception cref="IOException">The target cannot be written, or is there already.</exception>
    public static async Task<LogReport> BackupAsync(string path, string target, bool overwrites = false)
    {
        using var file = new BackupFile(target, overwrites);
        var source = await RunAsync(path, paths => Inspect(paths, static (_, _) => { }, database => Copy(database, file.PartialPath))).ConfigureAwait(false);
        return await file.CompleteAsync(source.End).ConfigureAwait(false);
    }

    /// <summary>
    /// Declares that a log was restored from a backup (R7): nothing of the epochs before is presumed aborted. Its record
    /// goes behind everything that the high-water mark knew of, so positions and epochs never move back.
    /// </summary>
    /// <param name="path">The log or its data folder; the log is verified here except for its mark.</param>
    /// <param name="reason">For the audit.</param>
    /// <param name="time">For the record's time.</param>
    public static Task<RestoredRecord> DeclareRestoredAsync(string path, string reason, TimeProvider? time = null) => RunAsync(path, paths =>
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        // BEFORE the lock, which would make the folder.
        if (!File.Exists(paths.Log) && !File.Exists(paths.Replacement))
            throw NoLog(paths);
        using var held = LogFiles.TakeLock(paths);
        LogReplacement.Finish(paths, faults: null);
        var lost = ReadLostMark(paths);
        using var database = OpenExisting(paths);
        var (fold, end, chain, _) = LogReader.Verify(database, mark: null);
        var epochNumber = Math.Max(1, Math.Max(fold.HighestEpoch, lost?.EpochNumber ?? 0));
        var position = Math.Max(end, lost?.Position ?? 0) + 1;
        var record = new RestoredRecord(epochNumber, reason, (time ?? TimeProvider.System).GetUtcNow());
        var body = RecordCodec.Encode(record);
        chain = chain.Next(position, body);
        database.Begin();
        database.Insert(new StoredRow(position, Transaction: null, Key: null, body, chain));
        database.Commit();
        database.Checkpoint(truncate: true);
        // AFTER the record is durable: a crash in between leaves a log that is still refused, to be declared again.
        HighWaterMark.Create(paths.Mark, new Mark(position, chain, epochNumber)).Dispose();
        return (RestoredRecord)RecordCodec.Decode(body, position);
    });

    private static LogReport Inspect(LogPaths paths, Action<long, LogRecord> each, Action<LogDatabase> then)
    {
        using var held = LogFiles.TakeExistingLock(paths);
        using var mark = LogFiles.OpenMark(paths);
        var hadWal = File.Exists(paths.Wal);
        try
        {
            if (!File.Exists(paths.Replacement))
                WriteAheadFile.Check(paths);
            using var database = OpenExisting(paths);
            var (fold, end, _, _) = LogReader.Verify(database, mark?.Current, each);
            then(database);
            return new LogReport(
                paths.Log, fold.Epoch?.Cluster, fold.Epoch?.Epoch, end, fold.Records, mark?.Current?.Position, fold.Horizon, fold.RestoredBefore, fold.UnfinishedCount);
        }
        finally
        {
            // SQLite makes an empty one, which would be the only trace of this.
            if (!hadWal && new FileInfo(paths.Wal) is { Exists: true, Length: 0 } made)
                made.Delete();
        }
    }

    private static void Copy(LogDatabase database, string destination)
    {
        using var backup = new LogBackup(destination);
        while (!backup.Step(database))
        {
        }

        backup.Release();
        backup.Finish();
    }

    private static LogRefusedException NoLog(LogPaths paths) => new($"There is no log {paths.Log}.");

    private static LogDatabase OpenExisting(LogPaths paths)
    {
        // A crash may have left the log's file under its next name (LogReplacement).
        var path = File.Exists(paths.Replacement) ? paths.Replacement : paths.Log;
        if (path == paths.Log && !LogFiles.HasLog(paths))
            throw NoLog(paths);
        return LogDatabase.Open(path, maxPages: null);
    }

    /// <summary>What is left of the mark of the log that was lost; a damaged one tells nothing.</summary>
    private static Mark? ReadLostMark(LogPaths paths)
    {
        if (!File.Exists(paths.Mark))
            return null;
        using var mark = HighWaterMark.Open(paths.Mark);
        return mark.Current;
    }

    private static Task<T> RunAsync<T>(string path, Func<LogPaths, T> inspect)
    {
        var paths = LogPaths.Find(path);
        return Task.Run(() =>
        {
            try
            {
                return inspect(paths);
            }
            catch (Exception e) when (e is SqliteException or UnauthorizedAccessException)
            {
                throw new LogRefusedException($"The log {paths.Log} cannot be read: {e.Message}", e);
            }
        });
    }
}
