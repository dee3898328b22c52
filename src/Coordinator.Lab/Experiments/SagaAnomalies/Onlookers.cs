using System.Data.Common;
using Coordinator.Client;
using Coordinator.Lab.Measure;
using Coordinator.Lab.World;

namespace Coordinator.Lab.Experiments.SagaAnomalies;

/// <summary>
/// Others, at work in the same databases: a plain reader of orders and reservations, a reader that locks a product's rows
/// inside a global transaction, and customers who spend their points.
/// </summary>
internal sealed class Onlookers(Shop shop, CoordinatorClient coordinator, ParticipantsHost participants, Func<int> product)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan SpendPause = TimeSpan.FromMilliseconds(20);
    private readonly HashSet<string> _seen = [], _half = [];

    /// <summary>Looks that the plain reader took at both databases.</summary>
    public int PlainLooks { get; private set; }

    /// <summary>Orders that it found in the database it read first, and not in the other.</summary>
    public int SeenHalf => _half.Count;

    /// <summary>Looks under locks, and how many of them found the two counters to disagree.</summary>
    public int LockedLooks { get; private set; }

    public int LockedMismatches { get; private set; }

    /// <summary>Orders that the plain reader saw and that are gone now.</summary>
    public async Task<int> SeenAndGoneAsync()
    {
        await using var orders = await shop.OpenOrdersAsync();
        return _seen.Except(await Sql.TextsAsync(orders, "SELECT id FROM orders")).Count();
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Task.Run(() => ReadAsync(stop), CancellationToken.None), Task.Run(() => LookUnderLocksAsync(stop), CancellationToken.None), Task.Run(() => SpendAsync(stop), CancellationToken.None));

    private async Task ReadAsync(CancellationToken stop)
    {
        await using var orders = await shop.OpenOrdersAsync(CancellationToken.None);
        await using var inventory = await shop.OpenInventoryAsync(CancellationToken.None);
        while (!stop.IsCancellationRequested)
        {
            List<string> placed, reserved;
            if (PlainLooks % 2 == 0)
            {
                placed = await Sql.TextsAsync(orders, "SELECT id FROM orders");
                reserved = await Sql.TextsAsync(inventory, "SELECT id FROM reservation");
                _half.UnionWith(placed.Except(reserved));
            }
            else
            {
                reserved = await Sql.TextsAsync(inventory, "SELECT id FROM reservation");
                placed = await Sql.TextsAsync(orders, "SELECT id FROM orders");
                _half.UnionWith(reserved.Except(placed));
            }

            _seen.UnionWith(placed);
            PlainLooks++;
            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private async Task LookUnderLocksAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await DisagreeAsync(product()))
                    LockedMismatches++;
                LockedLooks++;
            }
            catch (Exception failure) when (Failures.Classify(failure) is not null)
            {
                // Gave up waiting for a row: no look.
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    // In the order in which purchases lock: inventory, then orders.
    private async Task<bool> DisagreeAsync(int row)
    {
        await using var transaction = await coordinator.BeginAsync();
        var available = await LockAsync(participants.Inventory, transaction, "SELECT available FROM stock WHERE product = @p0 FOR UPDATE", row);
        var sold = await LockAsync(participants.Orders, transaction, "SELECT sold FROM sales WHERE product = @p0 FOR UPDATE", row);
        await transaction.RollbackAsync();
        return shop.InitialStock - available != sold;
    }

    private static async Task<long> LockAsync(Participant.ICoordinatorParticipant participant, GlobalTransaction transaction, string statement, int row)
    {
        await using var work = await participant.EnlistAsync(transaction.Id, CancellationToken.None);
        transaction.AddBranch(work.Branch);
        return await Sql.NumberAsync(work.Connection, statement, row);
    }

    private async Task SpendAsync(CancellationToken stop)
    {
        await using var billing = await shop.OpenBillingAsync(CancellationToken.None);
        while (!stop.IsCancellationRequested)
        {
            await SpendOnceAsync(billing);
            await Task.Delay(SpendPause, CancellationToken.None);
        }
    }

    private static Task<int> SpendOnceAsync(DbConnection billing) => Sql.ExecuteAsync(
        billing,
        "UPDATE customer SET points = points - @p0 WHERE id IN (SELECT id FROM customer WHERE points >= @p0 ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED)",
        Purchase.Points);
}
