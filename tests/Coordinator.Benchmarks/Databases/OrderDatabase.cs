using System.Globalization;
using Coordinator.ResourceManagers;
using Coordinator.Testing;

namespace Coordinator.Benchmarks.Databases;

/// <summary>
/// One of a case's two databases, each with one table of one row a product. A transaction changes one row of each, by the
/// same statement whoever runs it.
/// </summary>
internal sealed class OrderDatabase
{
    /// <summary>Rows of each table: every worker has <see cref="ProductsPerWorker"/> of its own, so that none waits for another.</summary>
    public const int Products = MaxWorkers * ProductsPerWorker;

    public const int MaxWorkers = 64;

    public const int ProductsPerWorker = 128;

    private readonly PrivateServer _server;
    private readonly string _name;

    private OrderDatabase(PrivateServer server, string name) => (_server, _name) = (server, name);

    public bool IsPostgres => _server.Kind == DatabaseKind.Postgres;

    public PrivateServer Server => _server;

    public string Name => _name;

    /// <summary>
    /// What every case connects with. Npgsql is told to keep statements prepared, which spares PostgreSQL to plan them anew.
    /// </summary>
    public string ConnectionString => _server.AdminConnectionString(_name)
        + (IsPostgres ? ";Max Auto Prepare=32;Auto Prepare Min Usages=2" : "");

    /// <summary>The one statement of a branch, with the driver's own placeholder.</summary>
    public static string Update(string placeholder) => $"UPDATE item SET amount = amount + 1 WHERE product = {placeholder}";

    public static string Select(string placeholder) => $"SELECT amount FROM item WHERE product = {placeholder}";

    /// <summary>The placeholder that a participant's SQL service takes.</summary>
    public string SqlPlaceholder => IsPostgres ? "$1" : "?";

    public static async Task<OrderDatabase> CreateAsync(PrivateServer server)
    {
        var database = new OrderDatabase(server, await server.CreateDatabaseAsync());
        var (options, rows) = server.Kind == DatabaseKind.Postgres
            ? (" WITH (fillfactor = 50)", $"SELECT n, 0 FROM generate_series(0, {Number(Products - 1)}) AS n")
            : (" ENGINE = InnoDB", $"SELECT seq, 0 FROM seq_0_to_{Number(Products - 1)}");
        await server.QueryAsync(
            $"CREATE TABLE item (product INT PRIMARY KEY, amount INT NOT NULL){options}; INSERT INTO item {rows};", database._name);
        return database;
    }

    /// <summary>How many rows have been changed, each as often as it was.</summary>
    public async Task<long> CountChangesAsync() =>
        long.Parse((await _server.QueryAsync("SELECT SUM(amount) FROM item;", _name))[0], CultureInfo.InvariantCulture);

    public IResourceManager CreateResources(bool witness) => IsPostgres
        ? new PostgresResourceManager(new PostgresOptions(ConnectionString))
        : new MySqlResourceManager(new MySqlOptions(ConnectionString) { Witness = witness });

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
