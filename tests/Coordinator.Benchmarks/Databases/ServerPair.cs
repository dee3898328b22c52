using System.Globalization;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Testing;

namespace Coordinator.Benchmarks.Databases;

/// <summary>The two private servers of one run, fsync and all other durable settings as by default.</summary>
internal sealed class ServerPair : IAsyncDisposable
{
    // Every case keeps its connections for the whole run. Buffers and logs are large enough that a point of some seconds
    // does not consist of checkpoints; nothing of what makes a commit durable is changed.
    public static readonly string[] PostgresSettings =
        ["max_connections=600", "max_prepared_transactions=600", "shared_buffers=256MB", "max_wal_size=2GB"];

    public static readonly string[] MariaDbSettings =
        ["max-connections=600", "innodb-buffer-pool-size=256M", "innodb-log-file-size=512M"];

    private ServerPair(string name, PrivateServer first, PrivateServer second) => (Name, First, Second) = (name, first, second);

    /// <summary>As in <c>postgres+mariadb</c>.</summary>
    public string Name { get; }

    public PrivateServer First { get; }

    public PrivateServer Second { get; }

    /// <summary>What <see cref="Name"/> may be.</summary>
    public static IReadOnlyList<string> Names { get; } = ["postgres+mariadb", "postgres+postgres"];

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="postgresSettings">Besides the usual ones.</param>
    public static async Task<ServerPair> StartAsync(string name, params string[] postgresSettings)
    {
        var second = name == Names[0] ? DatabaseKind.MariaDb : DatabaseKind.Postgres;
        var first = await StartAsync(DatabaseKind.Postgres, postgresSettings);
        try
        {
            return new ServerPair(name, first, await StartAsync(second, postgresSettings));
        }
        catch
        {
            await first.DisposeAsync();
            throw;
        }
    }

    private static Task<PrivateServer> StartAsync(DatabaseKind kind, string[] postgresSettings) =>
        PrivateServer.StartAsync(kind, kind == DatabaseKind.Postgres ? [.. PostgresSettings, .. postgresSettings] : MariaDbSettings);

    /// <summary>What the servers compute with, under the names of their kinds.</summary>
    public IReadOnlyList<MeasuredProcess> Processes { get; private set; } = [];

    /// <summary>A database of one case's own on each server.</summary>
    public async Task<(OrderDatabase First, OrderDatabase Second)> CreateDatabasesAsync()
    {
        Processes = First.Kind == Second.Kind
            ? [Process("postgres", First), Process("postgres-2", Second)]
            : [Process("postgres", First), Process("mariadb", Second)];
        return (await OrderDatabase.CreateAsync(First), await OrderDatabase.CreateAsync(Second));
    }

    /// <summary>Branches that either server lists as prepared: none, once everything is over.</summary>
    public async Task<int> CountPreparedAsync() => await CountPreparedAsync(First) + await CountPreparedAsync(Second);

    public async ValueTask DisposeAsync()
    {
        await First.DisposeAsync();
        await Second.DisposeAsync();
    }

    internal static async Task<int> CountPreparedAsync(PrivateServer server) => server.Kind == DatabaseKind.Postgres
        ? int.Parse((await server.QueryAsync("SELECT count(*) FROM pg_prepared_xacts;"))[0], CultureInfo.InvariantCulture)
        : (await server.QueryAsync("XA RECOVER;")).Count;

    private static MeasuredProcess Process(string name, PrivateServer server) => new(
        name, int.Parse(File.ReadAllText(Path.Combine(server.Directory, "pid")), CultureInfo.InvariantCulture), WithChildren: true);
}
