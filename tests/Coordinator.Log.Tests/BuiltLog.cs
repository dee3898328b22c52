using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

/// <summary>A log with many transactions, made at once instead of by deciding each.</summary>
internal static class BuiltLog
{
    /// <param name="path">Where.</param>
    /// <param name="transactions">How many, in one epoch; all commit, at noon.</param>
    /// <param name="isUnfinished">Which have no end, by number from 1.</param>
    public static void Make(string path, int transactions, Predicate<int> isUnfinished)
    {
        var epoch = new EpochRecord(ClusterId.Parse("k7q2m9xa"), new Epoch(1, 7), Noon);
        var paths = new LogPaths(path);
        Directory.CreateDirectory(paths.Folder);
        var last = Mark.Beginning;
        LogDatabase.Build(paths.Log, Rows(), anchor: null);
        HighWaterMark.Create(paths.Mark, last).Dispose();

        IEnumerable<StoredRow> Rows()
        {
            yield return Next(epoch);
            for (var i = 1; i <= transactions; i++)
            {
                var id = TransactionId.Create(epoch.Cluster, epoch.Epoch, i, (ulong)i);
                yield return Next(new DecisionRecord(id, Decision.Commit, "", IdempotencyKey: null, [], Reason: null, Noon));
                if (!isUnfinished(i))
                    yield return Next(new EndRecord(id, Noon));
            }
        }

        StoredRow Next(LogRecord record)
        {
            var body = RecordCodec.Encode(record);
            last = new Mark(last.Position + 1, last.Chain.Next(last.Position + 1, body), EpochNumber: 1);
            return new StoredRow(last.Position, (record as DecisionRecord)?.Transaction.Value, Key: null, body, last.Chain);
        }
    }
}
