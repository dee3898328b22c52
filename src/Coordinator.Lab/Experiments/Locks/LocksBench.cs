using System.Globalization;
using Coordinator.Client;
using Coordinator.Lab.Orders;
using Coordinator.Lab.World;
using Coordinator.Saga;

namespace Coordinator.Lab.Experiments.Locks;

/// <summary>A way of placing an order.</summary>
internal enum Way
{
    /// <summary>Two local transactions, one after the other.</summary>
    Local,

    /// <summary>One global transaction.</summary>
    TwoPhase,

    /// <summary>A saga of two steps.</summary>
    Saga,
}

/// <summary>
/// All three ways, each on a shop of its own, with the coordinator and the saga's driver at the same distance from the
/// application. Both logs force their writes to the same disk.
/// </summary>
internal sealed class LocksBench : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("lab-saga-").FullName;
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 64 });
    private Shop _localShop = null!, _twoPhaseShop = null!, _sagaShop = null!;
    private LocalOrders _local = null!;
    private TwoPhaseOrders _twoPhase = null!;
    private CoordinatorClient _client = null!;
    private ParticipantsHost _participants = null!, _sagaHost = null!;
    private DelayProxy _coordinatorLink = null!, _sagaLink = null!;
    private SagaDriver _saga = null!;
    private int _orders, _retries;

    public static async Task<LocksBench> StartAsync(Databases databases, int products, int seed, TimeSpan lockTimeout)
    {
        var bench = new LocksBench();
        bench._localShop = await Shop.CreateAsync(databases, products);
        bench._local = new LocalOrders(bench._localShop);
        await bench.StartTwoPhaseAsync(databases, products, seed, lockTimeout);
        await bench.StartSagaAsync(databases, products, seed, lockTimeout);
        return bench;
    }

    public string NextId(Way way) => string.Create(CultureInfo.InvariantCulture, $"{way}-{Interlocked.Increment(ref _orders)}");

    public Shop ShopOf(Way way) => way switch { Way.Local => _localShop, Way.TwoPhase => _twoPhaseShop, _ => _sagaShop };

    public Task PlaceAsync(Way way, Order order, CancellationToken cancellationToken) => way switch
    {
        Way.Local => _local.PlaceAsync(order, cancellationToken),
        Way.TwoPhase => _twoPhase.PlaceAsync(order, cancellationToken),
        _ => PlaceSagaAsync(order, cancellationToken),
    };

    /// <summary>One order under two-phase commit, with something done as soon as its first hot row is locked.</summary>
    public Task PlaceTwoPhaseAsync(Order order, Func<Task> whenLocked) =>
        new TwoPhaseOrders(_client, _participants) { WhenLocked = whenLocked }.PlaceAsync(order, CancellationToken.None);

    public void SetDelay(TimeSpan oneWay) => (_coordinatorLink.Delay, _sagaLink.Delay) = (oneWay, oneWay);

    /// <summary>As it was, one way, since it was last asked for or cleared.</summary>
    public TimeSpan MeasuredDelay(Way way) => way switch
    {
        Way.Local => TimeSpan.Zero,
        Way.TwoPhase => _coordinatorLink.TakeMeasuredDelay(),
        _ => _sagaLink.TakeMeasuredDelay(),
    };

    public void Clear(Way way) => _ = (TakeLockTimes(way), TakeRetries(), MeasuredDelay(way));

    public (double[] Orders, double[] Inventory) TakeLockTimes(Way way) => way switch
    {
        Way.Local => (_local.OrdersLocks.Take(), _local.InventoryLocks.Take()),
        Way.TwoPhase => (_participants.OrdersLocks.Take(), _participants.InventoryLocks.Take()),
        _ => (_sagaHost.OrdersLocks.Take(), _sagaHost.InventoryLocks.Take()),
    };

    /// <summary>Steps of sagas that were tried again since the last call.</summary>
    public int TakeRetries() => Interlocked.Exchange(ref _retries, 0);

    /// <summary>Waits until no branch is open.</summary>
    public async Task SettleAsync()
    {
        await using var rest = await Rest.OpenAsync(_twoPhaseShop);
        await rest.WhenNothingIsPreparedAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        _parts.Reverse();
        foreach (var part in _parts)
            await part.DisposeAsync();
        _client.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartTwoPhaseAsync(Databases databases, int products, int seed, TimeSpan lockTimeout)
    {
        _twoPhaseShop = await Shop.CreateAsync(databases, products);
        var coordinator = Own(await CoordinatorProcess.StartAsync());
        _coordinatorLink = Own(new DelayProxy(coordinator.Port, TimeSpan.Zero, seed));
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_coordinatorLink.Port}"));
        _participants = Own(await ParticipantsHost.StartAsync(_twoPhaseShop, address, lockTimeout));
        await _participants.WhenAttachedAsync();
        _client = CoordinatorClient.Connect(address);
        _twoPhase = new TwoPhaseOrders(_client, _participants);
    }

    private async Task StartSagaAsync(Databases databases, int products, int seed, TimeSpan lockTimeout)
    {
        _sagaShop = await Shop.CreateAsync(databases, products);
        _sagaHost = Own(await ParticipantsHost.StartAsync(
            _sagaShop, coordinator: null, lockTimeout, steps: host => SagaOrders.Steps(_sagaShop, host.OrdersLocks, host.InventoryLocks)));
        _sagaLink = Own(new DelayProxy(_sagaHost.Port, TimeSpan.Zero, seed + 1));
        var log = Own(SqliteSagaLog.Open(Path.Combine(_folder, "saga.db")));
        _saga = new SagaDriver(
            log, [SagaOrders.Definition], ParticipantsHost.Remote(_sagaLink.Port, _http, "orders", "inventory"),
            new SagaOptions { OnRetry = (_, _) => Interlocked.Increment(ref _retries) });
    }

    private async Task PlaceSagaAsync(Order order, CancellationToken cancellationToken)
    {
        var result = await _saga.RunAsync(SagaOrders.Definition.Name, order.Id, order.ToString(), cancellationToken);
        if (result.Outcome != SagaOutcome.Completed)
            throw new StepRefusedException(result.Reason!);
    }

    private T Own<T>(T part) where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }
}
