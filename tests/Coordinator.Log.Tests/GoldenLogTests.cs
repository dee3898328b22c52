using System.Buffers.Binary;
using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

/// <summary>
/// Logs that an earlier version of SQLite wrote. Microsoft.Data.Sqlite 6.0.7 with SQLite 3.35.5 made those in
/// <c>Golden/sqlite-3.35.5</c>, by <c>dotnet run -c Release --project tests/Coordinator.Log.CrashWriter -- golden FOLDER</c>;
/// the files are never changed, and another version gets a folder of its own.
/// </summary>
public sealed class GoldenLogTests : IDisposable
{
    private const int WrittenBy = 3_035_005;
    private const int LastRecord = 50;
    private static readonly TransactionId Unended = TransactionId.Parse("pq3spp24-1x9abcdef2-3-0000000000000003");
    private static readonly TransactionId Aborted = TransactionId.Parse("pq3spp24-2x9abcdef3-1-0000000000000001");
    private static readonly TransactionId EndedAfterTheRestore = TransactionId.Parse("pq3spp24-2x9abcdef3-6-0000000000000006");
    private static readonly TransactionId Last = TransactionId.Parse("pq3spp24-2x9abcdef3-12-000000000000000c");
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Delete();

    /// <summary>
    /// 3.51.3 is the first version without the race between two checkpoints that could damage a database with a
    /// write-ahead file. An older library, found first, would be taken without a word.
    /// </summary>
    [Fact]
    public void Sqlite_InUse_IsCurrent()
    {
        using var connection = LogConnection.Open(Copy("closed"));

        Assert.True(new Version(connection.ServerVersion) >= new Version(3, 51, 3), connection.ServerVersion);
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("killed")]
    public async Task Dump_ReadsEveryRecordAsItsWriterDid(string name)
    {
        var log = Copy(name);
        Assert.Equal(WrittenBy, WriterOf(log));
        var records = new List<LogRecord>();
        var lines = new List<string>();

        var report = await LogInspector.DumpAsync(log, (position, record) =>
        {
            records.Add(record);
            lines.Add($"{position} {RecordText.Of(record)}");
        });

        Assert.Equal(await File.ReadAllLinesAsync(Path.Combine(GoldenFolder(name), "records.txt")), lines);
        Assert.Equal(Enum.GetValues<RecordKind>(), records.Select(record => (RecordKind)RecordCodec.Encode(record)[0]).Distinct().Order());
        Assert.Equal((LastRecord, LastRecord, new Horizon(1, 11), 1), (report.End, report.MarkPosition, report.Horizon, report.RestoredBefore));
        // Looking changes nothing: what the old version wrote is there as before.
        foreach (var file in Directory.GetFiles(GoldenFolder(name), "coordinator.db*"))
            Assert.Equal(await File.ReadAllBytesAsync(file), await File.ReadAllBytesAsync(Path.Combine(Path.GetDirectoryName(log)!, Path.GetFileName(file))));
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("killed")]
    public async Task Open_ContinuesIt_AndReadsItAgain(string name)
    {
        var path = Copy(name);
        DecisionRecord added;
        await using (var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path }))
        {
            var opened = await log.OpenAsync(new SeededIds(1));
            Assert.Equal((3, LastRecord + 1, false, new Horizon(1, 11), 1), (opened.Epoch.Number, opened.End, opened.IsNew, opened.Horizon, opened.RestoredBefore));
            Assert.Equal([Unended, Aborted, Last], opened.Unfinished.Select(decision => decision.Transaction));
            Assert.Equal(["billing", "inventory"], opened.Participants.Select(participant => participant.Name).Order());
            Assert.Equal(2, Assert.Single(opened.Heuristics).Branch.Transaction.Sequence);
            Assert.Equal(Last, (await log.FindDecisionAsync(Last))!.Transaction);
            Assert.Equal(EndedAfterTheRestore, (await log.FindByIdempotencyKeyAsync("again-6"))!.Transaction);
            added = Decide(opened, 1, key: "new");
            await log.DecideAsync(added);
            // R2: what the old version decided stands.
            Assert.Equal(Decision.Commit, (await log.DecideAsync(new DecisionRecord(Last, Decision.Abort, "", IdempotencyKey: null, [], Reason: null, Noon))).Decision);
        }

        await using (var again = new SqliteTransactionLog(new SqliteLogOptions { Path = path }))
        {
            Assert.Equal(LastRecord + 3, (await again.OpenAsync(new SeededIds(2))).End);
            AssertSame(added, await again.FindDecisionAsync(added.Transaction));
            // Sequence 12 of the first epoch, which ended behind the horizon, and 6 to 11 of the second.
            Assert.Equal(7, (await again.TrimAsync(Noon.AddDays(1))).Transactions);
            Assert.Null(await again.FindDecisionAsync(EndedAfterTheRestore));
            AssertSame(added, await again.FindDecisionAsync(added.Transaction));
        }

        Assert.Equal(4, (await LogInspector.VerifyAsync(path)).Unfinished);
    }

    /// <summary>Fault: the write-ahead file of the killed process is lost. Expected: the mark that it wrote tells.</summary>
    [Fact]
    public async Task Open_KilledWithoutItsWriteAheadFile_IsRefused()
    {
        var path = Copy("killed");
        File.Delete(path + "-wal");
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path });

        var refused = await Assert.ThrowsAsync<LogRefusedException>(() => log.OpenAsync(new SeededIds(1)));

        Assert.Contains($"its high-water mark is record {LastRecord}", refused.Message, StringComparison.Ordinal);
    }

    private string Copy(string name)
    {
        var target = Directory.CreateDirectory(_folder.At(name)).FullName;
        foreach (var file in Directory.GetFiles(GoldenFolder(name), "coordinator.db*"))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        return Path.Combine(target, "coordinator.db");
    }

    private static string GoldenFolder(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "sqlite-3.35.5", name);

    /// <summary>The version number of the SQLite that changed the file last (fileformat2, section 1.3).</summary>
    private static int WriterOf(string log)
    {
        var header = new byte[100];
        using var file = File.OpenRead(log);
        file.ReadExactly(header);
        return BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(96));
    }
}
