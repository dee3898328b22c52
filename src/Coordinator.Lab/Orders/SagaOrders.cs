using System.Data.Common;
using Coordinator.Lab.World;
using Coordinator.Saga;

namespace Coordinator.Lab.Orders;

/// <summary>An order as a saga: a local transaction in each database, and one that undoes it.</summary>
internal static class SagaOrders
{
    public static SagaDefinition Definition { get; } = new("order", [new("place", "orders"), new("take", "inventory")]);

    /// <summary>The steps, beside their databases.</summary>
    public static IReadOnlyDictionary<string, ISagaParticipant> Steps(Shop shop, LockClock ordersLocks, LockClock inventoryLocks) =>
        new Dictionary<string, ISagaParticipant>
        {
            ["orders"] = new TimedSteps(
                shop.OpenOrdersAsync,
                ordersLocks,
                locked => new Dictionary<string, SqlStep>
                {
                    ["place"] = new(
                        (work, stop) => OrderStatements.PlaceAsync(work.Connection, work.Transaction, OrderOf(work), () => locked(work.Command), stop),
                        (work, stop) => OrderStatements.CancelAsync(work.Connection, work.Transaction, OrderOf(work), stop)),
                }),
            ["inventory"] = new TimedSteps(
                shop.OpenInventoryAsync,
                inventoryLocks,
                locked => new Dictionary<string, SqlStep>
                {
                    ["take"] = new(
                        (work, stop) => OrderStatements.TakeAsync(work.Connection, work.Transaction, OrderOf(work), () => locked(work.Command), stop),
                        (work, stop) => OrderStatements.PutBackAsync(work.Connection, work.Transaction, OrderOf(work), stop)),
                }),
        };

    private static Order OrderOf(StepWork work) => Order.Parse(work.Command.Input);

    // Tells the clock when a step's locks are gone: its answer comes after the commit or rollback.
    private sealed class TimedSteps : ISagaParticipant
    {
        private readonly SqlSagaParticipant _inner;
        private readonly LockClock _clock;

        public TimedSteps(
            Func<CancellationToken, Task<DbConnection>> open, LockClock clock, Func<Action<StepCommand>, IReadOnlyDictionary<string, SqlStep>> steps)
        {
            _clock = clock;
            _inner = new SqlSagaParticipant(open, steps(command => clock.Locked(command.Saga)));
        }

        public async Task<StepAnswer> ExecuteAsync(StepCommand command, CancellationToken cancellationToken)
        {
            try
            {
                return await _inner.ExecuteAsync(command, cancellationToken);
            }
            finally
            {
                _clock.Released(command.Saga);
            }
        }
    }
}
