using System.Text.Json;
using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>
/// The procedure of Coordinator.Log's README, step by step. Each time an order is decided after the backup, its client is
/// told so, and one of its branches is still prepared when the log is lost. That branch must never be rolled back by presumption.
/// </summary>
public sealed class RestoreTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private Shop _shop = null!;

    private string Backup => _shop.LogPath + ".backup";

    public async Task InitializeAsync() => _shop = await Shop.StartAsync();

    public async Task DisposeAsync() => await _shop.DisposeAsync();

    [Fact]
    public async Task Restore_Declared_QuarantinesWhatWasDecidedSinceTheBackup_R7()
    {
        await OrderAsync();
        await CoordctlAsync("log", "backup", Backup);
        var lost = await OrderWithOneBranchLeftAsync();

        await _shop.KillAsync("coordinator");
        await CoordctlAsync("log", "verify", Backup);
        File.Delete(_shop.LogPath + "-wal");
        File.Copy(Backup, _shop.LogPath, overwrite: true);
        var undeclared = await _shop.CoordctlAsync("log", "verify", _shop.LogPath);
        Assert.Equal(1, undeclared.ExitCode);
        Assert.Contains("coordctl log restored", undeclared.Output, StringComparison.Ordinal);
        await CoordctlAsync("log", "restored", _shop.LogPath, "--reason", "the disk was lost");

        await _shop.StartCoordinatorAsync();
        await _shop.StartParticipantAsync("inventory");

        await AssertKeptAsync(lost, "quarantined");
        await SettleAsync(lost);
    }

    /// <summary>The whole data folder is put back as it was, mark and all, so that nothing in it tells.</summary>
    [Fact]
    public async Task Restore_NotDeclared_IsNoticedByWhatTheDatabasesRemember_R7()
    {
        await OrderAsync();
        await _shop.KillAsync("coordinator");
        var files = LogFiles().ToDictionary(file => file, File.ReadAllBytes);
        await _shop.StartCoordinatorAsync();
        await WhenAttachedAsync();
        var lost = await OrderWithOneBranchLeftAsync();

        await _shop.KillAsync("coordinator");
        DeleteLog();
        foreach (var (file, content) in files)
            await File.WriteAllBytesAsync(file, content);
        await CoordctlAsync("log", "verify", _shop.LogPath);
        await _shop.StartCoordinatorAsync();
        await _shop.StartParticipantAsync("inventory");

        await AssertKeptAsync(lost, "quarantined");
        await SettleAsync(lost);
    }

    /// <summary>A coordinator that is started with an empty folder is another cluster. Its log is then replaced by the backup.</summary>
    [Fact]
    public async Task Restore_LogLostAndBegunAnew_LeavesTheBranchAloneUntilTheBackupIsBack_R7()
    {
        await OrderAsync();
        await CoordctlAsync("log", "backup", Backup);
        var lost = await OrderWithOneBranchLeftAsync();

        await _shop.KillAsync("coordinator");
        DeleteLog();
        await _shop.StartCoordinatorAsync();
        await _shop.StartParticipantAsync("inventory");
        await AssertKeptAsync(lost, "foreign");

        await _shop.KillAsync("coordinator");
        DeleteLog();
        File.Copy(Backup, _shop.LogPath);
        await CoordctlAsync("log", "restored", _shop.LogPath, "--reason", "the disk was lost");
        await _shop.StartCoordinatorAsync();

        await AssertKeptAsync(lost, "quarantined");
        await SettleAsync(lost);
    }

    private async Task OrderAsync()
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client);
        await transaction.CommitAsync();
    }

    /// <summary>An order that is committed for its client and in the first database, while the second has not been told.</summary>
    private async Task<TransactionId> OrderWithOneBranchLeftAsync()
    {
        using var client = _shop.Connect();
        await using var transaction = await _shop.WorkAsync(client, "drill-decided");
        var commit = transaction.CommitAsync();
        await _shop.CoordinatorProcess.WaitForLineAsync("reached decided", Limit);
        await _shop.KillAsync("inventory");
        await _shop.KillAsync("coordinator");
        await _shop.StartCoordinatorAsync();
        await WhenCommittedAsync(transaction, commit);
        await Eventually.AssertAsync(async () => Assert.Equal(2, await _shop.CountOrdersAsync()), Limit, "the first branch is committed");
        Assert.Equal(1, await _shop.CountPreparedAsync());
        return transaction.Id;
    }

    /// <summary>The client is told, however long the restart takes.</summary>
    private static async Task WhenCommittedAsync(GlobalTransaction transaction, Task commit)
    {
        for (var asked = 1; ; asked++)
        {
            try
            {
                await commit;
                return;
            }
            catch (TransactionInDoubtException) when (asked < 10)
            {
                commit = transaction.CommitAsync();
            }
        }
    }

    /// <summary>Participants whose coordinator was restarted find it by themselves.</summary>
    private Task WhenAttachedAsync() => Eventually.AssertAsync(
        async () => Assert.Equal(2, JsonDocument.Parse(await CoordctlAsync("status", "-o", "json")).RootElement.GetProperty("participantsAttached").GetInt32()),
        Limit,
        "both participants are attached");

    /// <summary>The branch is listed as that, and is still prepared after further scans of its database.</summary>
    private async Task AssertKeptAsync(TransactionId id, string kind)
    {
        await Eventually.AssertAsync(async () => Assert.Equal([kind], await KindsAsync(id)), Limit, $"the branch is {kind}");
        var scanned = await LastScanAsync();
        for (var i = 0; i < 2; i++)
        {
            var before = scanned;
            await Eventually.AssertAsync(async () => Assert.NotEqual(before, scanned = await LastScanAsync()), Limit, "its database is scanned again");
        }

        Assert.Equal([kind], await KindsAsync(id));
        Assert.Equal(1, await _shop.CountPreparedAsync());
    }

    private async Task SettleAsync(TransactionId id)
    {
        await CoordctlAsync("resolve", id.Value, "--commit", "--reason", "orders has committed it");
        await _shop.AssertAgreementAsync(expectedOrders: 2);
    }

    private async Task<IEnumerable<string?>> KindsAsync(TransactionId id)
    {
        var document = JsonDocument.Parse(await CoordctlAsync("in-doubt", "-o", "json")).RootElement;
        return [.. document.GetProperty("branches").EnumerateArray()
            .Where(branch => branch.GetProperty("transactionId").GetString() == id.Value)
            .Select(branch => branch.GetProperty("kind").GetString())];
    }

    private async Task<string?> LastScanAsync()
    {
        var document = JsonDocument.Parse(await CoordctlAsync("participants", "-o", "json")).RootElement;
        return document.GetProperty("participants").EnumerateArray()
            .Single(participant => participant.GetProperty("name").GetString() == "inventory")
            .GetProperty("lastScanAt").GetString();
    }

    private async Task<string> CoordctlAsync(params string[] arguments)
    {
        var (exitCode, output) = await _shop.CoordctlAsync(arguments);
        Assert.True(exitCode == 0, $"coordctl {string.Join(' ', arguments)}: {output}");
        return output;
    }

    private IEnumerable<string> LogFiles() =>
        Directory.GetFiles(Path.GetDirectoryName(_shop.LogPath)!, "coordinator.db*").Where(file => file != Backup && !file.EndsWith(".lock", StringComparison.Ordinal));

    private void DeleteLog()
    {
        foreach (var file in LogFiles())
            File.Delete(file);
    }
}
