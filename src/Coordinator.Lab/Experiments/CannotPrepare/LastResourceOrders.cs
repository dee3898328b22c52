using System.Diagnostics;
using System.Security.Cryptography;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;
using Coordinator.ResourceManagers;

namespace Coordinator.Lab.Experiments.CannotPrepare;

/// <summary>
/// The last-resource gambit, with the decision kept in the last resource. The store cannot prepare, but it can commit, so
/// it goes last and decides:
/// 1. do the work in both databases, and prepare both;
/// 2. in one local transaction of the store: the message, and the decision under the transaction's id;
/// 3. commit both.
/// Recovery lists what is prepared and asks the store. Where no decision stands, it writes abort under the same key BEFORE
/// it rolls back, so that a process that was only slow can no longer decide otherwise.
/// </summary>
/// <remarks>Built on the resource managers alone: the store's decision table stands for the coordinator's log.</remarks>
internal sealed class LastResourceOrders : IMessagingOrders
{
    private static readonly BranchOptions Branch = new(TimeSpan.FromSeconds(5));
    private readonly MessageStore _store;
    private readonly IResourceManager _orders, _inventory;
    private readonly ClusterId _cluster;
    private readonly Epoch _epoch = new(1, (uint)RandomNumberGenerator.GetInt32(int.MaxValue));
    private long _sequence;

    private LastResourceOrders(MessageStore store, IResourceManager orders, IResourceManager inventory)
    {
        (_store, _orders, _inventory) = (store, orders, inventory);
        _cluster = ClusterId.Parse(store.Remember("cluster", ClusterId.FromRandom(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8))).Value));
    }

    public static async Task<LastResourceOrders> StartAsync(Shop shop, MessageStore store)
    {
        var orders = new PostgresResourceManager(new PostgresOptions(shop.Orders));
        var inventory = new MySqlResourceManager(new MySqlOptions(shop.Inventory));
        await orders.AttachAsync(CancellationToken.None);
        await inventory.AttachAsync(CancellationToken.None);
        return new LastResourceOrders(store, orders, inventory);
    }

    public async Task<double> PlaceAsync(string order, Func<string, Task> at)
    {
        var id = TransactionId.Create(_cluster, _epoch, ++_sequence, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
        var placed = new Order(order, 1, null);
        await using var orders = await _orders.BeginAsync(new BranchId(id, new BranchName("orders", "lastlast")), Branch, CancellationToken.None);
        await using var inventory = await _inventory.BeginAsync(new BranchId(id, new BranchName("inventory", "lastlast")), Branch, CancellationToken.None);
        await OrderStatements.PlaceAsync(orders.Connection, transaction: null, placed, null, CancellationToken.None);
        await OrderStatements.TakeAsync(inventory.Connection, transaction: null, placed, null, CancellationToken.None);
        await PrepareAsync(orders);
        await PrepareAsync(inventory);
        await at("prepared");
        if (!_store.PutWithDecision(order, id.Value))
            throw new InvalidOperationException($"Somebody else decided over {id}.");
        var from = Stopwatch.GetTimestamp();
        await at("decided");
        await orders.CommitAsync(CancellationToken.None);
        await at("one-committed");
        await inventory.CommitAsync(CancellationToken.None);
        return Stopwatch.GetElapsedTime(from).TotalMilliseconds;
    }

    public async Task RecoverAsync(Func<string, Task> at)
    {
        foreach (var resources in new[] { _orders, _inventory })
        {
            var scan = await resources.ListPreparedAsync(CancellationToken.None);
            foreach (var branch in scan.Branches.Select(prepared => prepared.Id).OfType<BranchId>().Where(branch => branch.Transaction.Cluster == _cluster))
                await FinishAsync(resources, branch, _store.IsCommitted(branch.Transaction.Value));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await _inventory.DisposeAsync();
    }

    private static async Task PrepareAsync(IBranchSession branch)
    {
        if (await branch.PrepareAsync(CancellationToken.None) is not Vote.Prepared)
            throw new InvalidOperationException($"{branch.Id} was not prepared.");
    }

    // MariaDB lets go of a killed session's branch in its own time; until then the answer is to try again.
    private static async Task FinishAsync(IResourceManager resources, BranchId branch, bool commit)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var report = await (commit ? resources.CommitAsync(branch, null, CancellationToken.None) : resources.RollbackAsync(branch, null, CancellationToken.None));
            if (report.Outcome == (commit ? BranchOutcome.Committed : BranchOutcome.RolledBack))
                return;
            await Task.Delay(50);
        }

        throw new InvalidOperationException($"{branch} cannot be finished.");
    }
}
