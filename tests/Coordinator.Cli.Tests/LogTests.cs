using System.Text.Json;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Coordinator.Log;
using Google.Protobuf;

namespace Coordinator.Cli.Tests;

/// <summary>The commands that look at a real log in a folder of their own.</summary>
public sealed class LogTests : CliTest, IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-cli-").FullName;
    private TransactionId _committed = null!;
    private TransactionId _ended = null!;

    private string Log => Path.Combine(_folder, "coordinator.db");

    private string Target => Path.Combine(_folder, "backup.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Verify_WholeLog_TellsWhatItHolds()
    {
        await MakeLogAsync();
        var before = Directory.GetFiles(_folder).ToDictionary(file => file, File.ReadAllBytes);
        var result = await RunAsync("log", "verify", _folder);
        Assert.Equal(0, result.ExitCode);
        AssertText(
            $"""
            The log is whole.
            Log                   {Log}
            Cluster               {_committed.Cluster}
            Epoch                 {_committed.Epoch}
            Records               4, up to position 4
            High-water mark       position 4
            Trimmed               never
            Restored              never
            Unfinished decisions  1
            """,
            result.Out);
        Assert.Equal(before, Directory.GetFiles(_folder).ToDictionary(file => file, File.ReadAllBytes));
    }

    [Fact]
    public async Task Verify_Json_IsOneDocument()
    {
        await MakeLogAsync();
        var result = await RunAsync("log", "verify", Log, "-o", "json");
        AssertText(
            $$"""
            {"path":"{{Log}}","cluster":"{{_committed.Cluster}}","epoch":"{{_committed.Epoch}}","end":4,"records":4,"markPosition":4,"horizon":null,"restoredBefore":null,"unfinished":1}
            """,
            result.Out);
    }

    [Fact]
    public async Task Verify_DamagedLog_NamesTheRecord()
    {
        await MakeLogAsync();
        Damage("order 7");
        var result = await RunAsync("log", "verify", _folder);
        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Out);
        Assert.Contains("Record 2 of the log is damaged", result.Error, StringComparison.Ordinal);
        Assert.Contains("coordctl log restored", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_LogInUse_IsUnavailableAndLeavesItAlone()
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = Log });
        var opened = await log.OpenAsync(new RandomIdSource());
        foreach (var command in (string[][])[["verify", _folder], ["dump", _folder], ["restored", _folder, "--reason", "x"], ["backup", Target, "--from", _folder]])
        {
            var result = await RunAsync(["log", .. command]);
            Assert.Equal(3, result.ExitCode);
            Assert.Contains($"{Log} is in use by another process", result.Error, StringComparison.Ordinal);
            Assert.Contains("Stop the coordinator first", result.Error, StringComparison.Ordinal);
        }

        await log.AppendAsync(new EndRecord(TransactionId.Create(opened.Cluster, opened.Epoch, 1, 1), Noon), Durability.Forced);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("dump")]
    [InlineData("restored")]
    public async Task AnyCommand_NoLog_IsRefusedAndMakesNone(string command)
    {
        var folder = Path.Combine(_folder, "nowhere");
        string[] reason = command == "restored" ? ["--reason", "lost"] : [];
        var result = await RunAsync(["log", command, folder, .. reason]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("There is no log", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task Dump_Piped_IsALineForEachRecord()
    {
        await MakeLogAsync();
        var result = await RunAsync("log", "dump", _folder);
        Assert.Equal(0, result.ExitCode);
        var lines = result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("  POSITION  TIME                      RECORD", lines[0]);
        Assert.Contains($"         1  ", lines[1], StringComparison.Ordinal);
        Assert.Contains($"epoch {_committed.Epoch} of cluster {_committed.Cluster}", lines[1], StringComparison.Ordinal);
        Assert.Equal($"         2  2026-01-02 12:00:00.000Z  commit {_committed} 'order 7' branches inventory.4f7c01ab", lines[2]);
        Assert.Equal($"         4  2026-01-02 12:00:00.000Z  end {_ended}", lines[4]);
        Assert.Equal(5, lines.Length);
    }

    [Fact]
    public async Task Dump_OneTransactionWithJson_IsADocumentALine()
    {
        await MakeLogAsync();
        var result = await RunAsync("log", "dump", _folder, "--transaction", _committed.Value, "-o", "json");
        AssertText(
            $$"""
            {"position":2,"at":"2026-01-02T12:00:00+00:00","kind":"decision","transactionId":"{{_committed}}","decision":"commit","branches":["inventory.4f7c01ab"],"text":"commit {{_committed}} 'order 7' branches inventory.4f7c01ab"}
            """,
            result.Out);
    }

    [Fact]
    public async Task Dump_DamagedLog_ShowsWhatLiesBefore()
    {
        await MakeLogAsync();
        Damage("a branch voted no");
        var result = await RunAsync("log", "dump", _folder);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(_committed.Value, result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(_ended.Value, result.Out, StringComparison.Ordinal);
        Assert.Contains("Record 3 of the log is damaged", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backup_Offline_IsVerifiedAndNeverOverwritesUntold()
    {
        await MakeLogAsync();
        var result = await RunAsync("log", "backup", Target, "--from", _folder, "-o", "json");
        Assert.Equal(0, result.ExitCode);
        var document = JsonDocument.Parse(result.Out).RootElement;
        Assert.Equal(Target, document.GetProperty("path").GetString());
        Assert.Equal(4, document.GetProperty("end").GetInt64());
        Assert.Equal(JsonValueKind.Null, document.GetProperty("markPosition").ValueKind);
        Assert.Equal(0, (await RunAsync("log", "verify", Target)).ExitCode);

        var again = await RunAsync("log", "backup", Target, "--from", _folder);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("is there already", again.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("log", "backup", Target, "--from", _folder, "--overwrite")).ExitCode);
        Assert.DoesNotContain(Directory.GetFiles(_folder), file => file.Contains(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Backup_OntoALog_IsRefusedWhateverIsSaid()
    {
        await MakeLogAsync();
        await LogInspector.BackupAsync(_folder, Target);
        var result = await RunAsync("log", "backup", Log, "--from", Target, "--overwrite");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is a coordinator's log, not a backup", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backup_OfARunningCoordinator_WritesWhatCame()
    {
        await MakeLogAsync();
        await LogInspector.BackupAsync(_folder, Target);
        Operators.Backup.Answers(Parts(await File.ReadAllBytesAsync(Target), end: 4));
        var copy = Path.Combine(_folder, "copy.db");
        Assert.Equal(0, (await RunAsync("log", "backup", copy)).ExitCode);
        Assert.Equal(await File.ReadAllBytesAsync(Target), await File.ReadAllBytesAsync(copy));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(copy));
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("damaged")]
    [InlineData("older")]
    [InlineData("nothing")]
    [InlineData("not a log")]
    public async Task Backup_WhatCameIsNotWhole_LeavesTheOlderBackup(string fault)
    {
        await MakeLogAsync();
        await LogInspector.BackupAsync(_folder, Target);
        var bytes = await File.ReadAllBytesAsync(Target);
        var older = (byte[])bytes.Clone();
        if (fault == "damaged")
            bytes[bytes.AsSpan().IndexOf("order 7"u8)] ^= 1;
        Operators.Backup.Answers(fault switch
        {
            "cut" => [.. Parts(bytes, end: 4).SkipLast(1)],
            "older" => Parts(bytes, end: 5),
            "nothing" => [],
            "not a log" => Parts([1, 2, 3], end: 4),
            _ => Parts(bytes, end: 4),
        });
        var result = await RunAsync("log", "backup", Target, "--overwrite");
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(older, await File.ReadAllBytesAsync(Target));
        Assert.DoesNotContain(Directory.GetFiles(_folder), file => file.Contains(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Backup_NoAnswerInTime_IsUnavailableAndLeavesNothing()
    {
        Operators.Backup.Hangs();
        Assert.Equal(3, (await RunAsync("log", "backup", Target, "--timeout", "50ms")).ExitCode);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task Restored_ABackupInTheLogsPlace_IsDeclared()
    {
        await MakeLogAsync();
        await LogInspector.BackupAsync(_folder, Target);
        File.Move(Target, Log, overwrite: true);
        var result = await RunAsync("log", "restored", _folder, "--reason", "disk lost");
        Assert.Equal(0, result.ExitCode);
        AssertText("Declared. Branches of epochs up to 1 without a decision are quarantined: start the coordinator and see 'coordctl in-doubt'.", result.Out);
        var verified = await RunAsync("log", "verify", _folder, "-o", "json");
        Assert.Equal(1, JsonDocument.Parse(verified.Out).RootElement.GetProperty("restoredBefore").GetInt32());
    }

    private static BackupLogResponse[] Parts(byte[] bytes, long end) =>
    [
        new() { Header = new BackupLogHeader { Cluster = "k7q2m9xa", End = end, SizeBytes = bytes.Length } },
        .. bytes.Chunk(10_000).Select(chunk => new BackupLogResponse { Data = ByteString.CopyFrom(chunk) }),
    ];

    private void Damage(string text)
    {
        var bytes = File.ReadAllBytes(Log);
        bytes[bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text))] ^= 1;
        File.WriteAllBytes(Log, bytes);
    }

    /// <summary>An epoch, a commit that is not finished, an abort that is, and its end.</summary>
    private async Task MakeLogAsync()
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = Log });
        var opened = await log.OpenAsync(new RandomIdSource());
        _committed = TransactionId.Create(opened.Cluster, opened.Epoch, 7, 7);
        _ended = TransactionId.Create(opened.Cluster, opened.Epoch, 8, 8);
        await log.DecideAsync(new DecisionRecord(
            _committed, Decision.Commit, "order 7", IdempotencyKey: null, [new DecidedBranch(new BranchName("inventory", "4f7c01ab"), Evidence: null)], Reason: null, Noon));
        await log.DecideAsync(new DecisionRecord(_ended, Decision.Abort, "", IdempotencyKey: null, [], "a branch voted no", Noon));
        await log.AppendAsync(new EndRecord(_ended, Noon), Durability.Forced);
    }
}
