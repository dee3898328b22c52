using Coordinator.Log.Damage;
using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

/// <summary>
/// Damage to the files of a log whose process was killed: either the log is refused, or nothing that was acknowledged
/// is changed or missing.
/// </summary>
public sealed class LogDamageTests : IAsyncLifetime
{
    private const int Seed = 20260102;
    private readonly TestFolder _folder = new();
    private readonly Dictionary<string, byte[]> _files = [];
    private readonly List<DecisionRecord> _acknowledged = [];
    private OpenedLog? _opened;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _folder.Delete();
        return Task.CompletedTask;
    }

    /// <summary>
    /// 1,000 flipped bits, 50 each of torn tails, zeroed and swapped pages, older files put back, and bits flipped together
    /// with a power failure. <c>dotnet run --project tests/Coordinator.Log.Damage</c> tries more of the same.
    /// </summary>
    [Fact]
    public async Task Open_AfterDamageOfAnyKind_RefusesNamingItOrEverythingAcknowledgedIsThere()
    {
        using var output = new StringWriter();
        var counts = await DamageRun.RunAsync(flips: 1000, Seed, output);
        Assert.True(counts.Missed == 0, output.ToString());
        Assert.True(counts is { Noticed: > 300, Harmless: > 300 }, $"Too few of a kind to prove anything: {output}");
    }

    /// <summary>Fault: damage in an index, which would hide a decision that lies whole in the table. The chain does not see it.</summary>
    [Fact]
    public async Task Open_AnyCopyOfAnIdOrKeyDamaged_IsRefusedWhereItCounts()
    {
        await MakeKilledLogAsync(checkpointPages: 1000, decisions: 40, trim: false);
        await CloseAsync();
        var file = _files[""];
        foreach (var text in (string[])[_acknowledged[17].Transaction.Value, "order-118"])
        {
            var refused = 0;
            foreach (var copy in PositionsOf(text, file))
            {
                var bytes = (byte[])file.Clone();
                bytes[copy + text.Length - 1] ^= 1;
                if (!await OpensWholeOrRefusesAsync("", bytes, $"'{text}' at {copy}"))
                    refused++;
            }

            // The body, its copy in the row and the index entry; pages that were split keep dead copies.
            Assert.Equal(3, refused);
        }
    }

    [Fact]
    public async Task Open_AfterALostEndOfTheWriteAheadFile_IsRefused()
    {
        await MakeKilledLogAsync(checkpointPages: 100_000, decisions: 20, trim: false);
        var wal = _files["-wal"];
        for (var length = wal.Length - 1; length > 0; length -= 997)
            Assert.False(await OpensWholeOrRefusesAsync("-wal", wal[..length], $"cut at {length}"));
    }

    /// <summary>Fault: the last write was torn before it was acknowledged, so the mark is behind it. Expected: it is dropped, and the rest is there.</summary>
    [Fact]
    public async Task Open_AfterATornWriteThatWasNeverAcknowledged_DropsIt()
    {
        await MakeKilledLogAsync(checkpointPages: 100_000, decisions: 20, trim: false);
        var length = _files["-wal"].Length;
        var random = new Random(Seed);
        byte[] tail = new byte[4120 * 2];
        for (var cut = 1; cut <= tail.Length; cut += 411)
        {
            random.NextBytes(tail);
            Assert.True(await OpensWholeOrRefusesAsync("-wal", [.. _files["-wal"][..length], .. tail[..cut]], $"torn after {cut} bytes"));
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData(".mark", false)]
    [InlineData(".mark", true)]
    public async Task Open_AFileIsMissingOrEmpty_IsRefused(string kind, bool isEmpty)
    {
        await MakeKilledLogAsync(checkpointPages: 1000, decisions: 5, trim: false);
        Assert.False(await OpensWholeOrRefusesAsync(kind, isEmpty ? [] : null, "missing"));
    }

    [Fact]
    public async Task Open_RecordChangedThroughSql_IsRefusedNamingIt()
    {
        await MakeKilledLogAsync(checkpointPages: 1000, decisions: 5, trim: false);
        var path = Restore(kind: "", _files[""]);
        using (var connection = LogConnection.Open(path))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "UPDATE record SET body = (SELECT body FROM record WHERE position = 5) WHERE position = 3";
            command.ExecuteNonQuery();
        }

        var refused = await Assert.ThrowsAsync<LogRefusedException>(() => LogInspector.VerifyAsync(path));
        Assert.Contains("Record 3 ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DELETE FROM record WHERE position = 4")]
    [InlineData("UPDATE record SET txid = NULL WHERE position = 4")]
    [InlineData("UPDATE record SET chain = x'00' WHERE position = 4")]
    [InlineData("UPDATE record SET position = 400 WHERE position = 4")]
    [InlineData("DELETE FROM record WHERE position > 4")]
    [InlineData("DELETE FROM anchor")]
    [InlineData("UPDATE anchor SET cut = cut + 1")]
    [InlineData("DROP INDEX record_txid")]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END")]
    [InlineData("PRAGMA user_version = 2")]
    [InlineData("PRAGMA application_id = 1")]
    [InlineData("PRAGMA journal_mode = DELETE")]
    public async Task Open_ChangedThroughSql_IsRefused(string statement)
    {
        await MakeKilledLogAsync(checkpointPages: 1000, decisions: 30, trim: true);
        var path = Restore(kind: "", _files[""]);
        using (var connection = LogConnection.Open(path))
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own statements.
            command.CommandText = statement.Replace("= 4", "= 45", StringComparison.Ordinal).Replace("> 4", "> 45", StringComparison.Ordinal);
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }

        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path });
        await Assert.ThrowsAsync<LogRefusedException>(() => log.OpenAsync(new SeededIds(1)));
    }

    /// <summary>Makes a log with acknowledged decisions, and keeps its files as a kill leaves them.</summary>
    private async Task MakeKilledLogAsync(int checkpointPages, int decisions, bool trim)
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions
        {
            Path = _folder.Log,
            CheckpointPages = checkpointPages,
            LazyDelay = TimeSpan.FromHours(1),
        });
        _opened = await log.OpenAsync(new SeededIds(1));
        if (trim)
        {
            for (var i = 1; i <= 10; i++)
            {
                await log.DecideAsync(Decide(_opened, i));
                await log.AppendAsync(new EndRecord(Id(_opened, i), Noon), Durability.Forced);
            }

            await log.AppendAsync(new ParticipantRecord("inventory", Resource, Noon), Durability.Forced);
            await log.AppendAsync(new EndRecord(Id(_opened, 11), Noon), Durability.Forced);
            Assert.Equal(10, (await log.TrimAsync(Noon.AddDays(1))).Transactions);
        }

        for (var i = 101; i <= 100 + decisions; i++)
        {
            var decision = Decide(_opened, i, i % 5 == 0 ? Decision.Abort : Decision.Commit, key: $"order-{i}");
            await log.DecideAsync(decision);
            _acknowledged.Add(decision);
        }

        var killed = _folder.Snapshot("killed");
        foreach (var kind in (string[])["", "-wal", ".mark"])
            _files[kind] = await File.ReadAllBytesAsync(killed + kind);
    }

    /// <summary>Opens the killed log's files, without making an epoch known to this test, and keeps them as an orderly end leaves them.</summary>
    private async Task CloseAsync()
    {
        var path = Restore(kind: "none", bytes: null);
        await using (var log = new SqliteTransactionLog(new SqliteLogOptions { Path = path }))
            await log.OpenAsync(new SeededIds(2));
        foreach (var kind in (string[])["", "-wal", ".mark"])
            _files[kind] = await File.ReadAllBytesAsync(path + kind);
    }

    private static List<int> PositionsOf(string text, byte[] file)
    {
        var sought = System.Text.Encoding.UTF8.GetBytes(text);
        var positions = new List<int>();
        for (var i = 0; i + sought.Length <= file.Length; i++)
        {
            if (file.AsSpan(i, sought.Length).SequenceEqual(sought))
                positions.Add(i);
        }

        return positions;
    }

    private string Restore(string kind, byte[]? bytes)
    {
        var folder = _folder.At("damaged");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "coordinator.db");
        foreach (var (other, content) in _files)
        {
            if (other != kind)
                File.WriteAllBytes(path + other, content);
            else if (bytes is not null)
                File.WriteAllBytes(path + other, bytes);
        }

        return path;
    }

    private async Task<bool> OpensWholeOrRefusesAsync(string kind, byte[]? bytes, string what)
    {
        await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = Restore(kind, bytes) });
        OpenedLog again;
        try
        {
            again = await log.OpenAsync(new SeededIds(2));
        }
        catch (LogRefusedException)
        {
            return false;
        }

        Assert.True(again.Unfinished.Count == _acknowledged.Count, $"{what}: {again.Unfinished.Count} of {_acknowledged.Count} decisions");
        for (var i = 0; i < _acknowledged.Count; i++)
        {
            AssertSame(_acknowledged[i], again.Unfinished[i]);
            AssertSame(_acknowledged[i], await log.FindDecisionAsync(_acknowledged[i].Transaction));
            AssertSame(_acknowledged[i], await log.FindByIdempotencyKeyAsync(_acknowledged[i].IdempotencyKey!));
        }

        Assert.Equal(_opened!.Cluster, again.Cluster);
        return true;
    }
}
