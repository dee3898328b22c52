using System.Data.Common;
using System.Globalization;
using Coordinator.Saga;

namespace Coordinator.Lab.World;

/// <summary>
/// The databases of a shop: orders and billing on PostgreSQL, inventory on MariaDB. An order inserts a row in each of the
/// first and the last, and updates a counter row per product in both; so a product is as hot as there are few of them.
/// </summary>
internal sealed class Shop
{
    public const int StockOfEach = 1_000_000;

    private static int s_shops;

    private Shop(string orders, string billing, string inventory) => (Orders, Billing, Inventory) = (orders, billing, inventory);

    /// <summary>PostgreSQL: <c>orders(id, first, second)</c>, <c>sales(product, sold)</c>.</summary>
    public string Orders { get; }

    /// <summary>PostgreSQL: <c>customer(id, balance, points)</c>, <c>payment(id)</c>.</summary>
    public string Billing { get; }

    /// <summary>MariaDB: <c>reservation(id, first, second)</c>, <c>stock(product, available)</c>.</summary>
    public string Inventory { get; }

    /// <summary>How much of each product there was at first.</summary>
    public int InitialStock { get; private init; }

    /// <summary>A shop by the connection strings of another process's.</summary>
    public static Shop Of(string orders, string billing, string inventory) => new(orders, billing, inventory);

    /// <param name="databases">Where.</param>
    /// <param name="products">They are numbered from 1.</param>
    /// <param name="stock">Of each.</param>
    /// <param name="customers">They are numbered from 1.</param>
    /// <param name="balance">Of each customer.</param>
    public static async Task<Shop> CreateAsync(Databases databases, int products, int stock = StockOfEach, int customers = 1000, int balance = 1_000_000)
    {
        var number = Interlocked.Increment(ref s_shops).ToString(CultureInfo.InvariantCulture);
        var shop = new Shop(
            databases.Postgres.AdminConnectionString(await databases.Postgres.CreateDatabaseAsync("orders" + number)) + ";Maximum Pool Size=60",
            databases.Postgres.AdminConnectionString(await databases.Postgres.CreateDatabaseAsync("billing" + number)) + ";Maximum Pool Size=40",
            databases.MariaDb.AdminConnectionString(await databases.MariaDb.CreateDatabaseAsync("inventory" + number)) + ";Maximum Pool Size=60")
        {
            InitialStock = stock,
        };
        await using (var orders = await shop.OpenOrdersAsync())
        {
            await Sql.ExecuteAsync(orders, "CREATE TABLE orders (id text PRIMARY KEY, first int NOT NULL, second int)");
            await Sql.ExecuteAsync(orders, "CREATE TABLE sales (product int PRIMARY KEY, sold int NOT NULL)");
            await Sql.ExecuteAsync(orders, "INSERT INTO sales SELECT n, 0 FROM generate_series(1, @p0) n", products);
            await Sql.ExecuteAsync(orders, SqlSagaParticipant.Schema);
        }

        await using (var billing = await shop.OpenBillingAsync())
        {
            await Sql.ExecuteAsync(billing, "CREATE TABLE customer (id int PRIMARY KEY, balance int NOT NULL, points int NOT NULL CHECK (points >= 0))");
            await Sql.ExecuteAsync(billing, "CREATE TABLE payment (id text PRIMARY KEY, customer int NOT NULL)");
            await Sql.ExecuteAsync(billing, "INSERT INTO customer SELECT n, @p1, 0 FROM generate_series(1, @p0) n", customers, balance);
            await Sql.ExecuteAsync(billing, SqlSagaParticipant.Schema);
        }

        await using (var inventory = await shop.OpenInventoryAsync())
        {
            await Sql.ExecuteAsync(inventory, "CREATE TABLE reservation (id varchar(64) PRIMARY KEY, first int NOT NULL, second int)");
            await Sql.ExecuteAsync(inventory, "CREATE TABLE stock (product int PRIMARY KEY, available int NOT NULL)");
            await Sql.ExecuteAsync(inventory, "INSERT INTO stock SELECT seq, @p1 FROM seq_1_to_1000 WHERE seq <= @p0", products, stock);
            await Sql.ExecuteAsync(inventory, SqlSagaParticipant.Schema);
        }

        return shop;
    }

    public Task<DbConnection> OpenOrdersAsync(CancellationToken cancellationToken = default) => Sql.OpenPostgresAsync(Orders, cancellationToken);

    public Task<DbConnection> OpenBillingAsync(CancellationToken cancellationToken = default) => Sql.OpenPostgresAsync(Billing, cancellationToken);

    public Task<DbConnection> OpenInventoryAsync(CancellationToken cancellationToken = default) => Sql.OpenMySqlAsync(Inventory, cancellationToken);

    /// <summary>
    /// Compares the two databases by order: ids that only one of them has. Plain reads, so it is for when all is at rest.
    /// </summary>
    public async Task<Comparison> CompareAsync()
    {
        await using var orders = await OpenOrdersAsync();
        await using var inventory = await OpenInventoryAsync();
        var placed = await Sql.TextsAsync(orders, "SELECT id FROM orders");
        var reserved = (await Sql.TextsAsync(inventory, "SELECT id FROM reservation")).ToHashSet();
        var onlyOrdered = placed.Count(id => !reserved.Remove(id));
        var sold = await Sql.NumberAsync(orders, "SELECT COALESCE(SUM(sold), 0) FROM sales");
        var taken = await Sql.NumberAsync(inventory, "SELECT COALESCE(SUM(@p0 - available), 0) FROM stock", InitialStock);
        return new Comparison(placed.Count, onlyOrdered, reserved.Count, sold - taken);
    }
}

/// <summary>Whether two databases agree.</summary>
/// <param name="Orders">Orders there are.</param>
/// <param name="OnlyOrdered">Of these, without a reservation.</param>
/// <param name="OnlyReserved">Reservations without an order.</param>
/// <param name="SoldNotTaken">Units counted as sold minus units taken from stock.</param>
internal sealed record Comparison(int Orders, int OnlyOrdered, int OnlyReserved, long SoldNotTaken)
{
    /// <summary>Orders that one database has and the other has not; at least 1 if the counters differ.</summary>
    public int Split => Math.Max(OnlyOrdered + OnlyReserved, SoldNotTaken == 0 ? 0 : 1);
}
