using System.Text.Json;
using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>The disk that holds the log is full while real orders run.</summary>
public sealed class DiskFullTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private SmallDisk _disk = null!;
    private Shop _shop = null!;

    public async Task InitializeAsync()
    {
        _disk = await SmallDisk.CreateAsync();
        _shop = await Shop.StartAsync(logFolder: _disk.Folder);
    }

    public async Task DisposeAsync()
    {
        await _shop.DisposeAsync();
        await _disk.DisposeAsync();
    }

    /// <summary>
    /// Fault: no room when an order is to be decided. Expected: nobody is told anything and both branches stay prepared; once
    /// there is room, the same process settles that order and takes the next.
    /// </summary>
    [Fact]
    public async Task Decide_DiskFull_IsSettledBySameProcessOnceThereIsRoom_R4()
    {
        using var client = _shop.Connect();
        await OrderAsync(client);
        await using var caught = await _shop.WorkAsync(client);
        await _disk.FillAsync(_shop.CoordinatorProcess.Id);

        var commit = caught.CommitAsync();
        await Eventually.AssertAsync(async () => Assert.Equal("LOG_UNAVAILABLE", await HealthAsync()), Limit, "the coordinator says that its log does not answer");
        Assert.Equal(2, await _shop.CountPreparedAsync());
        Assert.Equal(1, await _shop.CountOrdersAsync());
        Assert.False(commit.IsCompletedSuccessfully);

        await _disk.FreeAsync(_shop.CoordinatorProcess.Id);
        await Eventually.AssertAsync(async () => Assert.Equal("SERVING", await HealthAsync()), Limit, "the log answers again");
        var orders = 1 + (await IsCommittedAsync(caught, commit) ? 1 : 0);
        await _shop.AssertAgreementAsync(orders);
        await OrderAsync(client);
        await _shop.AssertAgreementAsync(orders + 1);
        Assert.False(_shop.CoordinatorProcess.HasExited);

        await _shop.KillAsync("coordinator");
        var (exitCode, output) = await _shop.CoordctlAsync("log", "verify", _disk.Folder);
        Assert.True(exitCode == 0, output);
    }

    private async Task OrderAsync(CoordinatorClient client)
    {
        await using var transaction = await _shop.WorkAsync(client);
        await transaction.CommitAsync();
    }

    private static async Task<bool> IsCommittedAsync(GlobalTransaction transaction, Task commit)
    {
        for (var asked = 1; ; asked++)
        {
            try
            {
                await commit;
                return true;
            }
            catch (TransactionAbortedException)
            {
                return false;
            }
            catch (TransactionInDoubtException) when (asked < 10)
            {
                commit = transaction.CommitAsync();
            }
        }
    }

    private async Task<string?> HealthAsync()
    {
        var (exitCode, output) = await _shop.CoordctlAsync("status", "-o", "json");
        Assert.True(exitCode == 0, output);
        return JsonDocument.Parse(output).RootElement.GetProperty("health").GetString();
    }
}
