using Coordinator.Contracts.V1;
using Coordinator.Fuzz.Check;
using Coordinator.Log;
using Coordinator.Server;
using Coordinator.Testing;
using Grpc.Net.Client;

namespace Coordinator.Fuzz;

/// <summary>
/// What is fuzzed: a coordinator in this process with a real log on disk, and the ready-made participant host as a
/// process over a private PostgreSQL. Times are short, so that what is left open ends soon.
/// </summary>
internal sealed class Target : IAsyncDisposable
{
    public const int MaxMessageBytes = 256 * 1024;
    public const string Participant = "orders";

    private readonly string _folder = Directory.CreateTempSubdirectory("coordinator-fuzz-").FullName;
    private readonly PrivateServer _postgres;
    private CoordinatorServer _server = null!;
    private ProcessHandle _participant = null!;
    private string _database = "";

    private Target(PrivateServer postgres) => _postgres = postgres;

    public ErrorLog Errors { get; } = new();

    public Uri Coordinator => _server.Address;

    public Uri Sql { get; private set; } = null!;

    public GrpcChannel Channel { get; private set; } = null!;

    public ClusterId Cluster => _server.Coordinator.Cluster;

    public Epoch Epoch => _server.Coordinator.Epoch;

    public bool ParticipantLives => !_participant.HasExited;

    public TransactionService.TransactionServiceClient Transactions => new(Channel);

    public OperatorService.OperatorServiceClient Operators => new(Channel);

    public static SqlService.SqlServiceClient SqlClient(GrpcChannel channel) => new(channel);

    public static async Task<Target> StartAsync()
    {
        var target = new Target(await SharedServers.PostgresAsync());
        target._database = await target._postgres.CreateDatabaseAsync();
        await target.QueryAsync("CREATE TABLE fuzz (n int)");
        target._server = await CoordinatorServer.StartAsync(target.Options(), new ServerParts { Loggers = target.Errors });
        target.Channel = Dial(target.Coordinator);
        target._participant = ProcessHandle.StartDotnet(
            Programs.Participant,
            [
                "--name", Participant, "--postgres", target._postgres.AdminConnectionString(target._database),
                "--coordinator", target.Coordinator.ToString(), "--listen", "http://127.0.0.1:0",
            ],
            new Dictionary<string, string?>
            {
                ["Participant__LockTimeout"] = "00:00:00.5",
                ["Participant__MaxMessageBytes"] = MaxMessageBytes.ToString(System.Globalization.CultureInfo.InvariantCulture),
            });
        var ready = await target._participant.WaitForLineAsync("SQL on", TimeSpan.FromSeconds(60));
        target.Sql = new Uri(ready[(ready.LastIndexOf(' ') + 1)..]);
        return target;
    }

    public static GrpcChannel Dial(Uri address) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
        MaxReceiveMessageSize = null,
    });

    /// <summary>Rows of the participant's database.</summary>
    public Task<IReadOnlyList<string>> QueryAsync(string sql) => _postgres.QueryAsync(sql, _database);

    /// <summary>What the participant's log says of a defect.</summary>
    public IEnumerable<string> ParticipantErrors() => _participant.Lines.Where(line =>
        line.Contains("crit:", StringComparison.Ordinal) || line.Contains("fail:", StringComparison.Ordinal) || line.Contains("Unhandled", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        if (_participant is not null)
            await _participant.DisposeAsync();
        Channel?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private ServerOptions Options() => new()
    {
        Listen = "127.0.0.1:0",
        HealthListen = "127.0.0.1:0",
        MaxMessageBytes = MaxMessageBytes,
        Log = new SqliteLogOptions { Path = Path.Combine(_folder, "coordinator.db") },
        Engine = new()
        {
            DefaultTimeout = TimeSpan.FromSeconds(2),
            MaxTimeout = TimeSpan.FromSeconds(3),
            CommandTimeout = TimeSpan.FromMilliseconds(500),
            DeliveryWait = TimeSpan.FromMilliseconds(200),
            RetryDelay = TimeSpan.FromMilliseconds(20),
            MaxRetryDelay = TimeSpan.FromMilliseconds(500),
            OnePhaseGrace = TimeSpan.FromSeconds(1),
            ScanInterval = TimeSpan.FromSeconds(2),
        },
    };
}
