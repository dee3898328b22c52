using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

/// <summary>Where a log lies, who may read it, what is refused there, and how a restored one comes back.</summary>
public sealed class LogFilesTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Delete();

    [Fact]
    public async Task Open_New_MakesTheFolderAndFilesOfItsOwnerOnly()
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log });
        await log.OpenAsync(new SeededIds(1));

        var files = Directory.GetFiles(Path.GetDirectoryName(_folder.Log)!);
        Assert.Equal(
            ["coordinator.db", "coordinator.db-wal", "coordinator.db.lock", "coordinator.db.mark"],
            files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, files.Select(File.GetUnixFileMode).Distinct().Single());
    }

    [Fact]
    public async Task Open_AFolder_IsRefused() => await AssertRefusedAsync(_folder.At("."), "is a folder");

    [Fact]
    public async Task Open_BelowAFile_IsRefused()
    {
        await File.WriteAllTextAsync(_folder.At("file"), "");
        await AssertRefusedAsync(_folder.At("file/log.db"), "cannot be opened");
    }

    [Fact]
    public async Task Open_NoDatabase_IsRefused()
    {
        await File.WriteAllTextAsync(_folder.At("log.db"), new string('x', 5000));
        HighWaterMark.Create(_folder.At("log.db.mark"), Mark.Beginning).Dispose();
        await AssertRefusedAsync(_folder.At("log.db"), "no log");
    }

    [Fact]
    public async Task Open_AnotherDatabase_IsRefused()
    {
        DurableFiles.Create(_folder.At("log.db"));
        using (var connection = LogConnection.Open(_folder.At("log.db")))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE customers (id INTEGER)";
            command.ExecuteNonQuery();
        }

        HighWaterMark.Create(_folder.At("log.db.mark"), Mark.Beginning).Dispose();
        await AssertRefusedAsync(_folder.At("log.db"), "not a coordinator's log");
    }

    /// <summary>A release that wrote newer records was here before, and its log is whole: its chain and its mark fit.</summary>
    [Theory]
    [InlineData(0, 99, "Record 2 of the log is of the unknown kind 99: it was written by a newer release")]
    [InlineData(1, 2, "Record 2 of the log is End version 2; this release reads version 1: it was written by a newer release")]
    public async Task Open_RecordOfANewerRelease_IsRefusedNamingIt(int at, byte value, string why)
    {
        var epoch = RecordCodec.Encode(new EpochRecord(ClusterId.Parse("k7q2m9xa"), new Epoch(1, 7), Noon));
        var newer = RecordCodec.Encode(new EndRecord(TransactionId.Parse("k7q2m9xa-1x00000007-1-0123456789abcdef"), Noon));
        newer[at] = value;
        var first = ChainValue.Genesis.Next(1, epoch);
        var second = first.Next(2, newer);
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.Log)!);
        LogDatabase.Build(
            _folder.Log,
            [new StoredRow(1, Transaction: null, Key: null, epoch, first), new StoredRow(2, Transaction: null, Key: null, newer, second)],
            anchor: null);
        HighWaterMark.Create(_folder.Mark, new Mark(2, second, EpochNumber: 1)).Dispose();

        await AssertRefusedAsync(_folder.Log, why);
    }

    /// <summary>
    /// Fault: the log is replaced by an older backup, which has lost epochs 2 and 3. Expected: refused; once declared,
    /// epochs up to 3 are quarantined, the next epoch is 4, and no position comes a second time (R7).
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R7_DeclareRestored_OldBackup_EpochsAndPositionsNeverMoveBack(bool isMarkKept)
    {
        var opened = await UseAsync(decisions: 5);
        await LogInspector.BackupAsync(_folder.Log, _folder.At("backup.db"));
        await UseAsync(decisions: 5);
        await UseAsync(decisions: 5);
        var lost = await LogInspector.VerifyAsync(_folder.Log);
        File.Delete(_folder.Wal);
        File.Copy(_folder.At("backup.db"), _folder.Log, overwrite: true);
        if (!isMarkKept)
            File.Delete(_folder.Mark);
        await AssertRefusedAsync(_folder.Log, "coordctl log restored");

        var declared = await LogInspector.DeclareRestoredAsync(_folder.Log, "the disk was lost");

        Assert.Equal(isMarkKept ? 3 : 1, declared.EpochNumber);
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log });
        var again = await log.OpenAsync(new SeededIds(9));
        Assert.Equal(declared.EpochNumber, again.RestoredBefore);
        Assert.Equal(declared.EpochNumber + 1, again.Epoch.Number);
        Assert.Equal(opened.Cluster, again.Cluster);
        Assert.Equal(5, again.Unfinished.Count);
        if (isMarkKept)
            Assert.True(again.End > lost.End);
    }

    [Fact]
    public async Task Dump_TellsEveryRecord()
    {
        await UseAsync(decisions: 3);
        var lines = new List<string>();
        await LogInspector.DumpAsync(_folder.Log, (_, record) => lines.Add(RecordText.Of(record)));

        Assert.Equal(4, lines.Count);
        Assert.Contains("epoch 1x", lines[0], StringComparison.Ordinal);
        Assert.Contains("commit ", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_ReportsWhatIsThere()
    {
        var opened = await UseAsync(decisions: 3);
        var report = await LogInspector.VerifyAsync(_folder.Log);

        Assert.Equal(
            new LogReport(_folder.Log, opened.Cluster, opened.Epoch, End: 4, Records: 4, MarkPosition: 4, Horizon: null, RestoredBefore: null, Unfinished: 3),
            report);
    }

    [Fact]
    public async Task Verify_NoLog_IsRefused() => await Assert.ThrowsAsync<LogRefusedException>(() => LogInspector.VerifyAsync(_folder.Log));

    [Theory]
    [InlineData(0, 10)]
    [InlineData(10, 9)]
    public void Options_ThatCannotWork_AreMisuse(int maxBatch, int maxQueue) => Assert.ThrowsAny<ArgumentException>(
        () => new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log, MaxBatch = maxBatch, MaxQueue = maxQueue }));

    private async Task<OpenedLog> UseAsync(int decisions)
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = _folder.Log });
        var opened = await log.OpenAsync(new RandomIdSource());
        for (var i = 1; i <= decisions; i++)
            await log.DecideAsync(Decide(opened, i));
        return opened;
    }

    private static async Task AssertRefusedAsync(string path, string why)
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path });
        var refused = await Assert.ThrowsAsync<LogRefusedException>(() => log.OpenAsync(new SeededIds(1)));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }
}
