using System.Globalization;
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
    public static Task<LogReport> VerifyAsync(string path) => RunAsync(path, paths =>
    {
        using var mark = LogFiles.OpenMark(paths);
        using var database = OpenExisting(paths);
        var (fold, end, _, _) = LogReader.Verify(database, mark?.Current);
        return new LogReport(
            paths.Log, fold.Epoch?.Cluster, fold.Epoch?.Epoch, end, fold.Records, mark?.Current?.Position, fold.Horizon, fold.RestoredBefore, fold.UnfinishedCount);
    });

    /// <summary>Writes a line for each record, up to the first damaged one.</summary>
    public static Task DumpAsync(string path, TextWriter output) => RunAsync(path, paths =>
    {
        ArgumentNullException.ThrowIfNull(output);
        using var database = OpenExisting(paths);
        foreach (var (row, record) in LogReader.Entries(database, database.ReadAnchor()))
            output.WriteLine(RecordText.Of(row.Position, record));
        return true;
    });

    /// <summary>Copies a verified log to a new file. For a log in use see <see cref="SqliteTransactionLog.BackupAsync"/>.</summary>
    public static Task BackupAsync(string path, string destination) => RunAsync(path, paths =>
    {
        using var mark = LogFiles.OpenMark(paths);
        using var database = OpenExisting(paths);
        LogReader.Verify(database, mark?.Current);
        using var backup = new LogBackup(destination);
        while (!backup.Step(database))
        {
        }

        backup.Release();
        backup.Finish();
        return true;
    });

    /// <summary>
    /// Declares that a log was restored from a backup (R7): nothing of the epochs before is presumed aborted. Its record
    /// goes behind everything that the high-water mark knew of, so positions and epochs never move back.
    /// </summary>
    /// <param name="path">The log, verified here except for its mark.</param>
    /// <param name="reason">For the audit.</param>
    /// <param name="time">For the record's time.</param>
    public static Task<RestoredRecord> DeclareRestoredAsync(string path, string reason, TimeProvider? time = null) => RunAsync(path, paths =>
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
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

    private static LogDatabase OpenExisting(LogPaths paths)
    {
        // A crash may have left the log's file under its next name (LogReplacement).
        var path = File.Exists(paths.Replacement) ? paths.Replacement : paths.Log;
        if (path == paths.Log && !LogFiles.HasLog(paths))
            throw new LogRefusedException(string.Create(CultureInfo.InvariantCulture, $"There is no log {paths.Log}."));
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
        var paths = new LogPaths(path);
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
