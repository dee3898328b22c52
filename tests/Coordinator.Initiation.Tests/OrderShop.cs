using System.Globalization;
using Coordinator.Client;
using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Participant;
using Coordinator.ResourceManagers;
using Coordinator.Server;
using Coordinator.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Initiation.Tests;

/// <summary>
/// An application that hosts its participants, stock on MariaDB and orders on PostgreSQL, with a coordinator service that
/// can be stopped and started again, or none.
/// </summary>
internal sealed class OrderShop : IAsyncDisposable
{
    public const int InitialStock = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-initiation-").FullName;
    private readonly int _port = FreePort.Find();
    private CoordinatorServer? _server;
    private IHost? _host;
    private CoordinatorClient? _client;
    private PrivateServer _postgres = null!;
    private PrivateServer _mariaDb = null!;
    private string _orders = "";
    private string _stock = "";

    public string LogPath => Path.Combine(_folder, "coordinator.db");

    public TransactionCoordinator Engine => _server!.Coordinator;

    public ICoordinatorParticipant Stock { get; private set; } = null!;

    public ICoordinatorParticipant Orders { get; private set; } = null!;

    public TransactionInitiator Initiator { get; private set; } = null!;

    public static async Task<OrderShop> StartDatabasesAsync()
    {
        var shop = new OrderShop { _postgres = await SharedServers.PostgresAsync(), _mariaDb = await SharedServers.MariaDbAsync() };
        shop._orders = await shop._postgres.CreateDatabaseAsync();
        shop._stock = await shop._mariaDb.CreateDatabaseAsync();
        await shop._postgres.QueryAsync(
            "CREATE TABLE orders (transaction text PRIMARY KEY, quantity int NOT NULL, parent text REFERENCES orders DEFERRABLE INITIALLY DEFERRED)", shop._orders);
        await shop._mariaDb.QueryAsync($"CREATE TABLE stock (product varchar(40) PRIMARY KEY, available int NOT NULL); INSERT INTO stock VALUES ('lamp', {InitialStock})", shop._stock);
        return shop;
    }

    public static async Task<OrderShop> StartAsync()
    {
        var shop = await StartDatabasesAsync();
        await shop.StartServerAsync();
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{shop._port}"));
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddCoordinatorParticipant("stock", address, _ => shop.NewStock(), Configure);
        builder.Services.AddCoordinatorParticipant("orders", address, _ => shop.NewOrders(), Configure);
        shop._host = builder.Build();
        await shop._host.StartAsync();
        shop.Stock = shop._host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("stock");
        shop.Orders = shop._host.Services.GetRequiredKeyedService<ICoordinatorParticipant>("orders");
        await shop.Stock.WhenAttachedAsync(default);
        await shop.Orders.WhenAttachedAsync(default);
        shop._client = CoordinatorClient.Connect(address);
        shop.Initiator = TransactionInitiator.Connect(shop._client, new InitiatorOptions { Name = "shop", MaxRetryDelay = TimeSpan.FromMilliseconds(200) });
        return shop;
    }

    public IResourceManager NewOrders() => new PostgresResourceManager(new PostgresOptions(_postgres.AdminConnectionString(_orders)));

    public IResourceManager NewStock() => new MySqlResourceManager(new MySqlOptions(_mariaDb.AdminConnectionString(_stock)));

    public async Task StartServerAsync() => _server = await CoordinatorServer.StartAsync(
        new ServerOptions
        {
            Listen = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}"),
            HealthListen = "127.0.0.1:0",
            Log = new SqliteLogOptions { Path = LogPath },
            Engine = new EngineOptions { ScanInterval = TimeSpan.FromSeconds(2), DrainLimit = TimeSpan.Zero },
            CloseLimit = TimeSpan.FromMilliseconds(100),
        },
        new ServerParts { Loggers = NullLoggerFactory.Instance });

    public async Task StopServerAsync()
    {
        await _server!.DisposeAsync();
        _server = null;
    }

    /// <summary>An order of one lamp, worked and not committed.</summary>
    public static async Task WorkAsync(InitiatedTransaction transaction, ICoordinatorParticipant stock, ICoordinatorParticipant orders, string parent = "NULL")
    {
        await Task.WhenAll(
            RunAsync(transaction, stock, "UPDATE stock SET available = available - 1 WHERE product = 'lamp'"),
            RunAsync(transaction, orders, $"INSERT INTO orders VALUES ('{transaction.Id}', 1, {parent})"));
    }

    public static async Task RunAsync(InitiatedTransaction transaction, ICoordinatorParticipant participant, string sql)
    {
        await using var work = await transaction.EnlistAsync(participant, CancellationToken.None);
        await using var command = work.Connection.CreateCommand();
#pragma warning disable CA2100 // Ids match their grammar.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>What must hold at rest: so many orders, so much less stock, nothing prepared.</summary>
    public async Task AssertSoldAsync(int expected)
    {
        await Eventually.AssertAsync(
            async () => Assert.Empty((IEnumerable<string>)[
                .. await _postgres.QueryAsync("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()", _orders),
                .. (await _mariaDb.QueryAsync("XA RECOVER FORMAT='SQL'", _stock)).Where(row => row.Contains("73746f636b", StringComparison.OrdinalIgnoreCase)),
            ]),
            TimeSpan.FromSeconds(30), "nothing stays prepared");
        await Eventually.AssertAsync(
            async () =>
            {
                Assert.Equal(expected, await NumberAsync(_postgres.QueryAsync("SELECT count(*) FROM orders", _orders)));
                Assert.Equal(InitialStock - expected, await NumberAsync(_mariaDb.QueryAsync("SELECT available FROM stock", _stock)));
            },
            TimeSpan.FromSeconds(30), "both databases agree");
    }

    public async ValueTask DisposeAsync()
    {
        if (Initiator is not null)
            await Initiator.DisposeAsync();
        _client?.Dispose();
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }

        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Configure(ParticipantOptions options)
    {
        options.ReconnectDelay = TimeSpan.FromMilliseconds(50);
        options.MaxReconnectDelay = TimeSpan.FromMilliseconds(200);
        options.DrainLimit = TimeSpan.FromMilliseconds(100);
    }

    private static async Task<int> NumberAsync(Task<IReadOnlyList<string>> rows) => int.Parse((await rows).Single(), CultureInfo.InvariantCulture);
}
