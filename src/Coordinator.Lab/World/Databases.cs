using Coordinator.Testing;

namespace Coordinator.Lab.World;

/// <summary>The private PostgreSQL and MariaDB of one run of the lab; they end with it.</summary>
internal sealed class Databases : IAsyncDisposable
{
    private Databases(PrivateServer postgres, PrivateServer mariaDb) => (Postgres, MariaDb) = (postgres, mariaDb);

    public PrivateServer Postgres { get; }

    public PrivateServer MariaDb { get; }

    public static async Task<Databases> StartAsync()
    {
        var postgres = PrivateServer.StartAsync(DatabaseKind.Postgres);
        var mariaDb = PrivateServer.StartAsync(DatabaseKind.MariaDb);
        return new Databases(await postgres, await mariaDb);
    }

    public async ValueTask DisposeAsync()
    {
        await Postgres.DisposeAsync();
        await MariaDb.DisposeAsync();
    }
}
