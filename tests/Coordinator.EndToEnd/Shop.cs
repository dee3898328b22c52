using System.Globalization;
using Coordinator.Client;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>
/// A coordinator process, two participant processes and two databases of their own on real servers. Processes can be
/// killed and started again; the databases tell what is true.
/// </summary>
public sealed class Shop : IAsyncDisposable
{
    public const int InitialStock = 1000;
    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-shop-").FullName;
    private readonly Deployment _deployment;
    private PrivateServer _postgres = null!;
    private PrivateServer _mySql = null!;
    private string _ordersDatabase = "";
    private string _inventoryDatabase = "";

    private Shop(string? logFolder, string scanInterval) =>
        _deployment = new Deployment(logFolder ?? _folder, ["--drill", "--scan-interval", scanInterval]);

    public Uri Coordinator => _deployment.Coordinator;

    public Uri Orders => _deployment.SqlAddress("orders");

    public Uri Inventory => _deployment.SqlAddress("inventory");

    public string LogPath => _deployment.LogPath;

    public ProcessHandle CoordinatorProcess => _deployment.Process(Deployment.CoordinatorName);

    /// <param name="inventory">Which kind of server keeps the stock.</param>
    /// <param name="logFolder">Where the coordinator keeps its log; null for a folder that goes with the shop.</param>
    /// <param name="scanInterval">How often the coordinator scans the databases.</param>
    public static async Task<Shop> StartAsync(
        DatabaseKind inventory = DatabaseKind.MariaDb, string? logFolder = null, string scanInterval = "2s")
    {
        var shop = new Shop(logFolder, scanInterval)
        {
            _postgres = await SharedServers.PostgresAsync(),
            _mySql = await LeasedServers.LeaseAsync(inventory),
        };
        shop._ordersDatabase = await shop._postgres.CreateDatabaseAsync();
        shop._inventoryDatabase = await shop._mySql.CreateDatabaseAsync();
        await shop.SqlOrdersAsync("CREATE TABLE orders (transaction text PRIMARY KEY, product text NOT NULL, quantity int NOT NULL)");
        await shop.SqlInventoryAsync(
            "CREATE TABLE stock (product varchar(40) PRIMARY KEY, available int NOT NULL CHECK (available >= 0)); "
            + $"INSERT INTO stock VALUES ('lamp', {InitialStock})");
        shop._deployment.AddParticipant("orders", shop._postgres, shop._ordersDatabase);
        shop._deployment.AddParticipant("inventory", shop._mySql, shop._inventoryDatabase);
        await shop.StartCoordinatorAsync();
        await Task.WhenAll(shop.StartParticipantAsync("orders"), shop.StartParticipantAsync("inventory"));
        return shop;
    }

    public Task StartCoordinatorAsync() => _deployment.StartAsync(Deployment.CoordinatorName);

    public Task StartParticipantAsync(string name) => _deployment.StartAsync(name);

    /// <summary>kill -9, by the pid that was started here.</summary>
    public Task KillAsync(string name) => _deployment.KillAsync(name);

    public Task RestartAsync(string name) => _deployment.StartAsync(name);

    public CoordinatorClient Connect() => CoordinatorClient.Connect(Coordinator);

    /// <summary>An order of one lamp; the transaction, with its work done and not committed.</summary>
    public async Task<GlobalTransaction> WorkAsync(CoordinatorClient client, string name = "order")
    {
        var transaction = await client.BeginAsync(new BeginOptions { Name = name, Timeout = TimeSpan.FromSeconds(20) });
        try
        {
            await transaction.Sql(Orders).ExecuteAsync(
                "INSERT INTO orders (transaction, product, quantity) VALUES ($1, 'lamp', 1)", [transaction.Id.Value]);
            await transaction.Sql(Inventory).ExecuteAsync("UPDATE stock SET available = available - 1 WHERE product = 'lamp'");
            return transaction;
        }
        catch
        {
            // While a participant is down, thousands of these would wait for their deadlines.
            await transaction.DisposeAsync();
            throw;
        }
    }

    public async Task<int> CountOrdersAsync() => await NumberAsync(SqlOrdersAsync("SELECT COALESCE(SUM(quantity), 0) FROM orders"));

    public async Task<int> CountSoldAsync() =>
        InitialStock - await NumberAsync(SqlInventoryAsync("SELECT available FROM stock WHERE product = 'lamp'"));

    /// <summary>The branches left prepared in both databases.</summary>
    public async Task<int> CountPreparedAsync() =>
        (await SqlOrdersAsync("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")).Count
        + (await SqlInventoryAsync("XA RECOVER")).Count;

    public Task<IReadOnlyList<string>> SqlOrdersAsync(string sql) => _postgres.QueryAsync(sql, _ordersDatabase);

    public Task<IReadOnlyList<string>> SqlInventoryAsync(string sql) => _mySql.QueryAsync(sql, _inventoryDatabase);

    /// <summary>What must hold after any fault, once everything runs again.</summary>
    public async Task AssertAgreementAsync(int? expectedOrders = null)
    {
        await Eventually.AssertAsync(
            async () => Assert.Equal(0, await CountPreparedAsync()), TimeSpan.FromSeconds(60), "nothing stays prepared");
        Assert.Equal(await CountOrdersAsync(), await CountSoldAsync());
        if (expectedOrders is { } expected)
            Assert.Equal(expected, await CountOrdersAsync());
    }

    /// <summary>Runs coordctl against this coordinator.</summary>
    public async Task<(int ExitCode, string Output)> CoordctlAsync(params string[] arguments)
    {
        await using var process = ProcessHandle.StartDotnet(Programs.Coordctl, ["--coordinator", Coordinator.ToString(), .. arguments]);
        var exitCode = await process.WaitForExitAsync(TimeSpan.FromSeconds(30));
        return (exitCode, string.Join('\n', process.Lines));
    }

    public async ValueTask DisposeAsync()
    {
        await _deployment.DisposeAsync();
        await LeasedServers.ReturnAsync(_mySql);
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<int> NumberAsync(Task<IReadOnlyList<string>> rows) =>
        int.Parse((await rows).Single(), CultureInfo.InvariantCulture);
}
