namespace Coordinator.Testing;

/// <summary>
/// One server per kind for all tests of an assembly, started at the first use. Each test class makes its own database
/// on it (<see cref="PrivateServer.CreateDatabaseAsync"/>); who kills or reconfigures a server starts one of its own.
/// They are not disposed: they end with the test process.
/// </summary>
public static class SharedServers
{
    private static readonly Lazy<Task<PrivateServer>> Postgres = new(() => PrivateServer.StartAsync(DatabaseKind.Postgres));
    private static readonly Lazy<Task<PrivateServer>> MariaDb = new(() => PrivateServer.StartAsync(DatabaseKind.MariaDb));
    private static readonly Lazy<Task<PrivateServer>> MySql = new(() => PrivateServer.StartAsync(DatabaseKind.MySql));

    public static Task<PrivateServer> PostgresAsync() => Postgres.Value;

    public static Task<PrivateServer> MariaDbAsync() => MariaDb.Value;

    /// <exception cref="MySqlUnavailableException">Real MySQL cannot be had here; see <see cref="MySqlFactAttribute"/>.</exception>
    public static Task<PrivateServer> MySqlAsync() => MySql.Value;

    public static Task<PrivateServer> GetAsync(DatabaseKind kind) => kind switch
    {
        DatabaseKind.Postgres => PostgresAsync(),
        DatabaseKind.MariaDb => MariaDbAsync(),
        DatabaseKind.MySql => MySqlAsync(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind"),
    };
}
