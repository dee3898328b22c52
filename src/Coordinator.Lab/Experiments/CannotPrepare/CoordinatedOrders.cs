using System.Diagnostics;
using Coordinator.Client;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.CannotPrepare;

/// <summary>The strategies around an ordinary global transaction: the message before it, after it, or through an outbox.</summary>
internal sealed class CoordinatedOrders : IMessagingOrders
{
    private readonly Strategy _strategy;
    private readonly MessageStore _store;
    private readonly CoordinatorClient _client;
    private readonly ParticipantsHost _participants;
    private readonly Shop _shop;

    private CoordinatedOrders(Strategy strategy, Shop shop, MessageStore store, CoordinatorClient client, ParticipantsHost participants) =>
        (_strategy, _shop, _store, _client, _participants) = (strategy, shop, store, client, participants);

    public static async Task<CoordinatedOrders> StartAsync(Strategy strategy, Shop shop, MessageStore store, Uri coordinator)
    {
        await using (var orders = await shop.OpenOrdersAsync())
            await Sql.ExecuteAsync(orders, "CREATE TABLE IF NOT EXISTS outbox (id text PRIMARY KEY)");
        var participants = await ParticipantsHost.StartAsync(shop, coordinator, TimeSpan.FromSeconds(5));
        await participants.WhenAttachedAsync();
        return new CoordinatedOrders(strategy, shop, store, CoordinatorClient.Connect(coordinator), participants);
    }

    public async Task<double> PlaceAsync(string order, Func<string, Task> at)
    {
        if (_strategy == Strategy.WrittenBefore)
        {
            _store.Put(order);
            var from = Stopwatch.GetTimestamp();
            await at("store-written");
            await CommitAsync(order, at);
            var window = Stopwatch.GetElapsedTime(from);
            await at("committed");
            return window.TotalMilliseconds;
        }

        await CommitAsync(order, at);
        var committed = Stopwatch.GetTimestamp();
        await at("committed");
        if (_strategy == Strategy.Outbox)
        {
            await RelayAsync(at);
        }
        else
        {
            _store.Put(order);
            await at("store-written");
        }

        return Stopwatch.GetElapsedTime(committed).TotalMilliseconds;
    }

    // The relay is all that is left to do; for the others nobody knows what would be.
    public Task RecoverAsync(Func<string, Task> at) => _strategy == Strategy.Outbox ? RelayAsync(at) : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _participants.DisposeAsync();
    }

    private async Task CommitAsync(string order, Func<string, Task> at)
    {
        var orders = new Order(order, 1, null);
        await using var transaction = await _client.BeginAsync(new BeginOptions { Name = order });
        await using (var work = await _participants.Orders.EnlistAsync(transaction.Id, CancellationToken.None))
        {
            transaction.AddBranch(work.Branch);
            await OrderStatements.PlaceAsync(work.Connection, transaction: null, orders, null, CancellationToken.None);
            if (_strategy == Strategy.Outbox)
                await Sql.ExecuteAsync(work.Connection, "INSERT INTO outbox (id) VALUES (@p0)", order);
        }

        await using (var work = await _participants.Inventory.EnlistAsync(transaction.Id, CancellationToken.None))
        {
            transaction.AddBranch(work.Branch);
            await OrderStatements.TakeAsync(work.Connection, transaction: null, orders, null, CancellationToken.None);
        }

        if (_strategy == Strategy.Outbox)
            await at("outbox-written");
        await transaction.CommitAsync();
    }

    // Store first, and only then out of the outbox: a message may come twice, and is never lost.
    private async Task RelayAsync(Func<string, Task> at)
    {
        await using var orders = await _shop.OpenOrdersAsync();
        foreach (var id in await Sql.TextsAsync(orders, "SELECT id FROM outbox"))
        {
            _store.Put(id);
            await at("store-written");
            await Sql.ExecuteAsync(orders, "DELETE FROM outbox WHERE id = @p0", id);
        }
    }
}
