using System.Globalization;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.Torture.Clients;

namespace Coordinator.Torture;

/// <summary>
/// Everything that runs: private database servers with the bank in them, a coordinator, a participant for each database,
/// and client processes. All ends with this process.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private const string Database = "bank";
    private const int Workers = 4;
    private static readonly TimeSpan ClientLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(120);
    private static readonly int StartAttempts = 10;

    private readonly int _seed;
    private readonly Dictionary<DatabaseKind, PrivateServer> _servers = [];
    private readonly Dictionary<int, (ProcessHandle Process, string Report)> _clients = [];
    private readonly Deployment _deployment;
    private int _clientStarts;

    private World(string folder, int seed)
    {
        _seed = seed;
        Folder = folder;
        _deployment = new Deployment(
            folder,
            ["--drill", "--scan-interval", "2s", "--max-retry-delay", "1s", "--command-timeout", "5s", "--one-phase-grace", "10s"],
            new Dictionary<string, string?>
            {
                // Quicker than in service, so that a run sees more: a lock that waits behind a kill, a way that is lost.
                ["Participant__LockTimeout"] = "00:00:02",
                ["Participant__ReconnectDelay"] = "00:00:00.050",
                ["Participant__MaxReconnectDelay"] = "00:00:00.500",
                ["Participant__ResourcePollInterval"] = "00:00:01",
                // Processes that live for seconds: no time to gain from profiles.
                ["DOTNET_TieredPGO"] = "0",
            },
            outputs: folder);
    }

    /// <summary>The outputs of all processes, the clients' reports, the coordinator's log.</summary>
    public string Folder { get; }

    /// <summary>Those that are there.</summary>
    public IReadOnlyList<DatabaseKind> Databases => [.. _servers.Keys.Order()];

    /// <summary>Why real MySQL takes no part; null if it does.</summary>
    public string? WithoutMySql { get; private set; }

    public Journal Journal { get; } = new();

    /// <summary>This process's own client, for drills and for looking.</summary>
    public CoordinatorClient Client { get; private set; } = null!;

    /// <summary>Runs the drills' transfers.</summary>
    public Teller Teller { get; private set; } = null!;

    public IReadOnlyDictionary<DatabaseKind, Uri> Addresses =>
        Databases.ToDictionary(kind => kind, kind => _deployment.SqlAddress(Bank.Name(kind)));

    public int Clients { get; private init; }

    /// <summary>The coordinator's process, which changes with each restart.</summary>
    public ProcessHandle CoordinatorProcess => _deployment.Process(Deployment.CoordinatorName);

    /// <summary>Starts servers, coordinator and participants; clients are started by <see cref="StartClientAsync"/>.</summary>
    public static async Task<World> StartAsync(int seed, int clients)
    {
        var world = new World(Directory.CreateTempSubdirectory("coordinator-torture-").FullName, seed) { Clients = clients };
        // The servers first: they choose ports that nobody listens on, and keep them.
        foreach (var kind in Enum.GetValues<DatabaseKind>())
            await world.TryStartServerAsync(kind);
        foreach (var (kind, server) in world._servers)
        {
            await server.CreateDatabaseAsync(Database);
            await Bank.CreateAsync(server, Database);
            world._deployment.AddParticipant(Bank.Name(kind), server, Database);
        }

        await world._deployment.StartAsync(Deployment.CoordinatorName);
        await Task.WhenAll(world.Databases.Select(world.StartParticipantAsync));
        world.Client = CoordinatorClient.Connect(world._deployment.Coordinator);
        var report = Path.Combine(world.Folder, "drills.report");
        world.Teller = new Teller(world.Client, world.Addresses, new Report(report));
        world.Journal.Follow(report);
        return world;
    }

    public Task KillCoordinatorAsync() => _deployment.KillAsync(Deployment.CoordinatorName);

    public Task StartCoordinatorAsync() => _deployment.StartAsync(Deployment.CoordinatorName);

    public Task KillParticipantAsync(DatabaseKind kind) => _deployment.KillAsync(Bank.Name(kind));

    /// <summary>As a service would be: started again while its database is still on its way back.</summary>
    public async Task StartParticipantAsync(DatabaseKind kind)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await _deployment.StartAsync(Bank.Name(kind));
                return;
            }
            catch (InvalidOperationException) when (attempt < StartAttempts)
            {
                // It ended by itself; its output says why.
            }
        }
    }

    public async Task KillDatabaseAsync(DatabaseKind kind)
    {
        await _servers[kind].KillAsync();
        // Its next start begins a new log.
        await File.AppendAllTextAsync(
            Path.Combine(Folder, $"server-{Bank.Name(kind)}.log"),
            await File.ReadAllTextAsync(Path.Combine(_servers[kind].Directory, "log")));
    }

    public Task StartDatabaseAsync(DatabaseKind kind) => _servers[kind].RestartAsync();

    /// <summary>Starts a client process.</summary>
    public async Task StartClientAsync(int number)
    {
        var start = Interlocked.Increment(ref _clientStarts);
        var report = Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"client-{number}-{start}.report"));
        var process = ProcessHandle.StartDotnet(
            typeof(World).Assembly.Location,
            ["client", "--coordinator", _deployment.Coordinator.ToString(), "--report", report,
                "--seed", (_seed + start).ToString(CultureInfo.InvariantCulture),
                "--workers", Workers.ToString(CultureInfo.InvariantCulture),
                .. Addresses.SelectMany(address => new[] { "--sql", $"{address.Key}={address.Value}" })],
            copy: Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"client-{number}.log")));
        lock (_clients)
            _clients[number] = (process, report);
        await process.WaitForLineAsync(ClientProcess.Ready, ClientLimit);
        Journal.Follow(report);
    }

    public async Task KillClientAsync(int number)
    {
        var (process, report) = ClientOf(number);
        lock (_clients)
            _clients.Remove(number);
        await process.DisposeAsync();
        Journal.Close(report);
    }

    /// <summary>The report of a client's present process.</summary>
    public string ReportOf(int number) => ClientOf(number).Report;

    /// <summary>Lets every client end what it is at.</summary>
    /// <exception cref="TimeoutException">One does not end.</exception>
    public async Task StopClientsAsync()
    {
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async number =>
        {
            var exitCode = await ClientOf(number).Process.TerminateAsync(StopLimit);
            if (exitCode != 0)
                throw new InvalidOperationException($"Client {number} ended with {exitCode}: see client-{number}.log");
            await KillClientAsync(number);
        }));
    }

    /// <summary>Names of processes that have ended by themselves, which none should.</summary>
    public IReadOnlyList<string> EndedByThemselves() =>
        [.. Databases.Select(Bank.Name).Append(Deployment.CoordinatorName).Where(name => _deployment.Process(name).HasExited)];

    /// <summary>Asks a database itself, in the bank.</summary>
    public Task<IReadOnlyList<string>> QueryAsync(DatabaseKind kind, string sql) => _servers[kind].QueryAsync(sql, Database);

    /// <summary>Keeps the servers' logs beside the others', which stay.</summary>
    public async Task KeepLogsAsync()
    {
        foreach (var (kind, server) in _servers)
            await File.AppendAllTextAsync(Path.Combine(Folder, $"server-{Bank.Name(kind)}.log"), await File.ReadAllTextAsync(Path.Combine(server.Directory, "log")));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (process, _) in _clients.Values)
            await process.DisposeAsync();
        await Journal.DisposeAsync();
        Client?.Dispose();
        await _deployment.DisposeAsync();
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
    }

    private async Task TryStartServerAsync(DatabaseKind kind)
    {
        try
        {
            _servers.Add(kind, await PrivateServer.StartAsync(kind));
        }
        catch (MySqlUnavailableException unavailable)
        {
            WithoutMySql = unavailable.Message;
        }
    }

    private (ProcessHandle Process, string Report) ClientOf(int number)
    {
        lock (_clients)
            return _clients[number];
    }
}
