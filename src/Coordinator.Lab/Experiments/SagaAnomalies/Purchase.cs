using System.Data.Common;
using System.Globalization;
using Coordinator.Client;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;
using Coordinator.Saga;

namespace Coordinator.Lab.Experiments.SagaAnomalies;

/// <summary>
/// A purchase over three databases: look whether there is stock, place the order, award points, take the stock, charge
/// the customer, who may be refused. The same statements as a global transaction and as sagas.
/// </summary>
/// <param name="Order">What is bought; one product.</param>
/// <param name="Customer">By whom.</param>
internal sealed record Purchase(Order Order, int Customer)
{
    public const int Points = 10, Price = 10;

    /// <summary>As one thinks of it: look first, take when all else is done.</summary>
    public static SagaDefinition LookFirst { get; } = new(
        "look-first",
        [new("look", "inventory", HasCompensation: false), new("place", "orders"), new("award", "billing"), new("take", "inventory"), new("charge", "billing", HasCompensation: false)]);

    /// <summary>With the usual countermeasure: take the stock before anything else.</summary>
    public static SagaDefinition ReserveFirst { get; } = new(
        "reserve-first",
        [new("reserve", "inventory"), new("place", "orders"), new("award", "billing"), new("charge", "billing", HasCompensation: false)]);

    /// <summary>As a saga's input.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Order}/{Customer}");

    public static Purchase Parse(string text) => new(Order.Parse(text), int.Parse(text[(text.LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>The sagas' steps.</summary>
    public static IReadOnlyDictionary<string, ISagaParticipant> Steps(Shop shop) => new Dictionary<string, ISagaParticipant>
    {
        ["orders"] = new SqlSagaParticipant(shop.OpenOrdersAsync, new Dictionary<string, SqlStep>
        {
            ["place"] = new(
                (work, stop) => OrderStatements.PlaceAsync(work.Connection, work.Transaction, Of(work).Order, null, stop),
                (work, stop) => OrderStatements.CancelAsync(work.Connection, work.Transaction, Of(work).Order, stop)),
        }),
        ["inventory"] = new SqlSagaParticipant(shop.OpenInventoryAsync, new Dictionary<string, SqlStep>
        {
            ["look"] = new((work, stop) => Of(work).LookAsync(work.Connection, work.Transaction, "", stop)),
            ["take"] = new(
                (work, stop) => OrderStatements.TakeAsync(work.Connection, work.Transaction, Of(work).Order, null, stop),
                (work, stop) => OrderStatements.PutBackAsync(work.Connection, work.Transaction, Of(work).Order, stop)),
            ["reserve"] = new(
                async (work, stop) =>
                {
                    await Of(work).LookAsync(work.Connection, work.Transaction, " FOR UPDATE", stop);
                    await OrderStatements.TakeAsync(work.Connection, work.Transaction, Of(work).Order, null, stop);
                },
                (work, stop) => OrderStatements.PutBackAsync(work.Connection, work.Transaction, Of(work).Order, stop)),
        }),
        ["billing"] = new SqlSagaParticipant(shop.OpenBillingAsync, new Dictionary<string, SqlStep>
        {
            ["award"] = new(
                (work, stop) => Of(work).AwardAsync(work.Connection, work.Transaction, Points, stop),
                (work, stop) => Of(work).AwardAsync(work.Connection, work.Transaction, -Points, stop)),
            ["charge"] = new((work, stop) => Of(work).ChargeAsync(work.Connection, work.Transaction, stop)),
        }),
    };

    /// <summary>The same as one global transaction; a refusal rolls it back.</summary>
    public async Task BuyAsync(CoordinatorClient coordinator, ParticipantsHost participants, CancellationToken cancellationToken)
    {
        await using var transaction = await coordinator.BeginAsync(new BeginOptions { Timeout = TimeSpan.FromSeconds(20) }, cancellationToken);
        await using (var work = await participants.Inventory.EnlistAsync(transaction.Id, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            await LookAsync(work.Connection, transaction: null, " FOR UPDATE", cancellationToken);
        }

        await using (var work = await participants.Orders.EnlistAsync(transaction.Id, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            await OrderStatements.PlaceAsync(work.Connection, transaction: null, Order, null, cancellationToken);
        }

        await using (var work = await participants.Billing.EnlistAsync(transaction.Id, cancellationToken))
        {
            transaction.AddBranch(work.Branch);
            await AwardAsync(work.Connection, transaction: null, Points, cancellationToken);
        }

        await using (var work = await participants.Inventory.EnlistAsync(transaction.Id, cancellationToken))
            await OrderStatements.TakeAsync(work.Connection, transaction: null, Order, null, cancellationToken);
        await using (var work = await participants.Billing.EnlistAsync(transaction.Id, cancellationToken))
            await ChargeAsync(work.Connection, transaction: null, cancellationToken);
        await transaction.CommitAsync(cancellationToken: cancellationToken);
    }

    private static Purchase Of(StepWork work) => Parse(work.Command.Input);

    private async Task LookAsync(DbConnection connection, DbTransaction? transaction, string locking, CancellationToken cancellationToken)
    {
        if (await Sql.NumberAsync(connection, transaction, "SELECT available FROM stock WHERE product = @p0" + locking, cancellationToken, Order.First) <= 0)
            throw new StepRefusedException("sold out");
    }

    private async Task AwardAsync(DbConnection connection, DbTransaction? transaction, int points, CancellationToken cancellationToken) =>
        await Sql.ExecuteAsync(connection, transaction, "UPDATE customer SET points = points + @p0 WHERE id = @p1", cancellationToken, points, Customer);

    private async Task ChargeAsync(DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        if (await Sql.ExecuteAsync(
            connection, transaction, "UPDATE customer SET balance = balance - @p0 WHERE id = @p1 AND balance >= @p0", cancellationToken, Price, Customer) == 0)
        {
            throw new StepRefusedException("card declined");
        }

        await Sql.ExecuteAsync(connection, transaction, "INSERT INTO payment (id, customer) VALUES (@p0, @p1)", cancellationToken, Order.Id, Customer);
    }
}
