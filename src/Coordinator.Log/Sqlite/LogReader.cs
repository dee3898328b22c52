using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>One record, verified.</summary>
internal readonly record struct LogEntry(StoredRow Row, LogRecord Record);

/// <summary>What a verified log holds.</summary>
internal sealed record VerifiedLog(LogFold Fold, long End, ChainValue Chain, Anchor? Anchor);

/// <summary>
/// Reads a log from its first record to its last and believes nothing: each checksum must follow from the one before,
/// each body must decode, the indexed copies must agree with it, and the high-water mark must lie on the way.
/// </summary>
internal static class LogReader
{
    /// <param name="database">The log.</param>
    /// <param name="mark">How far the log is known to reach; null not to ask (a declared restore).</param>
    /// <param name="each">Gets each record as soon as it is verified.</param>
    /// <exception cref="LogRefusedException">Damaged; names the first record that is.</exception>
    public static VerifiedLog Verify(LogDatabase database, Mark? mark, Action<long, LogRecord>? each = null)
    {
        var fold = new LogFold();
        var anchor = database.ReadAnchor();
        var end = 0L;
        var chain = ChainValue.Genesis;
        var isMarkSeen = false;
        foreach (var (row, record) in Entries(database, anchor))
        {
            fold.Apply(row.Position, record);
            each?.Invoke(row.Position, record);
            (end, chain) = (row.Position, row.Chain);
            if (row.Position != mark?.Position)
                continue;
            if (row.Chain != mark.Chain)
                throw new LogRefusedException($"Record {row.Position} of the log {database.Path} is not the one that its high-water mark names. {WhatToDo}");
            isMarkSeen = true;
        }

        if (mark is not null && mark.Position > end)
        {
            throw new LogRefusedException(
                $"The log {database.Path} ends with record {end}, but its high-water mark is record {mark.Position}: records are missing. {WhatToDo}");
        }

        // A mark older than the last trimming names a record that may rightly be gone.
        if (mark is { Position: > 0 } && !isMarkSeen && mark.Position >= (anchor?.Cut ?? 0))
            throw new LogRefusedException($"Record {mark.Position} of the log {database.Path}, its high-water mark, is missing. {WhatToDo}");
        return new VerifiedLog(fold, end, chain, anchor);
    }

    /// <summary>What the messages end with.</summary>
    public const string WhatToDo =
        "If the log was restored from a backup, declare it with 'coordctl log restored'; "
        + "if not, restore one and then declare it. Nothing was changed.";

    /// <summary>The records in order; throws at the first one that is damaged.</summary>
    public static IEnumerable<LogEntry> Entries(LogDatabase database, Anchor? anchor)
    {
        var chain = ChainValue.Genesis;
        var isBeforeCut = anchor is not null;
        foreach (var row in database.Rows())
        {
            if (isBeforeCut && row.Position >= anchor!.Cut)
            {
                CheckSeal(database, anchor, chain);
                chain = anchor.Chain;
                isBeforeCut = false;
            }

            yield return new LogEntry(row, Verify(row, chain));
            chain = row.Chain;
        }

        if (isBeforeCut)
            throw new LogRefusedException($"The log {database.Path} is damaged: it ends before record {anchor!.Cut}, up to which it was trimmed. {WhatToDo}");
    }

    /// <summary>Verifies one row that was looked up, by the one before it: the file may have been damaged since it was opened.</summary>
    public static LogRecord VerifyAlone(LogDatabase database, StoredRow row, Anchor? anchor)
    {
        var before = database.FindBefore(row.Position);
        var isFirstAfterCut = anchor is not null && row.Position >= anchor.Cut && !(before?.Position >= anchor.Cut);
        return Verify(row, isFirstAfterCut ? anchor!.Chain : before?.Chain ?? ChainValue.Genesis);
    }

    private static LogRecord Verify(StoredRow row, ChainValue before)
    {
        if (before.Next(row.Position, row.Body) != row.Chain)
        {
            throw new LogRefusedException(
                $"Record {row.Position} of the log is damaged, or one before it is missing: its checksum does not follow. {WhatToDo}");
        }

        var record = RecordCodec.Decode(row.Body, row.Position);
        var decision = record as DecisionRecord;
        if (row.Transaction != decision?.Transaction.Value || row.Key != decision?.IdempotencyKey)
            throw new LogRefusedException($"Record {row.Position} of the log is damaged: its indexed copy does not agree with it. {WhatToDo}");
        return record;
    }

    private static void CheckSeal(LogDatabase database, Anchor anchor, ChainValue survivors)
    {
        if (!anchor.Follows(survivors))
        {
            throw new LogRefusedException(
                $"The log {database.Path} is damaged: before record {anchor.Cut}, up to which it was trimmed, one was changed or is missing. {WhatToDo}");
        }
    }
}
