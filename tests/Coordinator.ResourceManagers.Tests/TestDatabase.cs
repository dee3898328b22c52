using Coordinator.ResourceManagers.MySql;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests;

/// <summary>One database on a private server, with the table <c>account (id, balance)</c> that the tests work on.</summary>
public sealed class TestDatabase
{
    // So that how a branch begins never depends on how busy the machine is; who needs another says so.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private static int _rows;

    private TestDatabase(PrivateServer server, string name)
    {
        Server = server;
        Name = name;
    }

    public PrivateServer Server { get; }

    public string Name { get; }

    public bool IsPostgres => Server.Kind == DatabaseKind.Postgres;

    public static async Task<TestDatabase> CreateAsync(PrivateServer server)
    {
        var database = new TestDatabase(server, await server.CreateDatabaseAsync());
        await database.QueryAsync("CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL);");
        return database;
    }

    public IResourceManager CreateResource(bool witness = true, int phase2PoolSize = 8, int workPoolSize = 50, TimeSpan? freshFor = null) => IsPostgres
        ? new PostgresResourceManager(new PostgresOptions(Server.AdminConnectionString(Name))
        {
            Phase2PoolSize = phase2PoolSize,
            WorkPoolSize = workPoolSize,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            FreshFor = freshFor ?? Long,
        })
        : new MySqlResourceManager(new MySqlOptions(Server.AdminConnectionString(Name))
        {
            Phase2PoolSize = phase2PoolSize,
            WorkPoolSize = workPoolSize,
            Phase2LockTimeout = TimeSpan.FromSeconds(1),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            FreshFor = freshFor ?? Long,
            Witness = witness,
        });

    /// <summary>As an administrator, in a session of the server's own client.</summary>
    public Task<IReadOnlyList<string>> QueryAsync(string statements) => Server.QueryAsync(statements, Name);

    public static int NewRow() => Interlocked.Increment(ref _rows);

    public async Task<bool> HasRowAsync(int row) => (await QueryAsync($"SELECT id FROM account WHERE id = {row};")).Count > 0;

    /// <summary>Finishes a branch behind the coordinator's back, as an administrator might.</summary>
    public Task FinishByHandAsync(BranchId branch, bool commit)
    {
        var verb = commit ? "COMMIT" : "ROLLBACK";
        return QueryAsync(IsPostgres
            ? $"{verb} PREPARED '{branch.Gid}';"
            : (commit ? Xid.Commit(branch) : Xid.Rollback(branch)) + ";");
    }
}
