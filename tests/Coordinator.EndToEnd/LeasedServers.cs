using System.Collections.Concurrent;
using Coordinator.Testing;

namespace Coordinator.EndToEnd;

/// <summary>
/// MariaDB and MySQL servers, each for one shop at a time: XA RECOVER lists the branches of the whole server, and tests run
/// side by side.
/// </summary>
internal static class LeasedServers
{
    private static readonly ConcurrentDictionary<DatabaseKind, ConcurrentBag<PrivateServer>> Free = new();

    /// <exception cref="MySqlUnavailableException">Real MySQL cannot be had here; see <see cref="MySqlFactAttribute"/>.</exception>
    public static async Task<PrivateServer> LeaseAsync(DatabaseKind kind) =>
        Free.GetOrAdd(kind, _ => []).TryTake(out var server) ? server : await PrivateServer.StartAsync(kind);

    /// <summary>Hands the server on, unless something is left prepared there: a test that failed must not fail the next one.</summary>
    public static async Task ReturnAsync(PrivateServer server)
    {
        if ((await server.QueryAsync("XA RECOVER")).Count == 0)
            Free[server.Kind].Add(server);
        else
            await server.DisposeAsync();
    }
}
