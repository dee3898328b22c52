using Coordinator.Benchmarks.Databases;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>Every case, in the order in which they are shown.</summary>
internal static class CaseCatalog
{
    private static readonly (string Name, bool NeedsWitness, Func<(OrderDatabase, OrderDatabase), string, Task<ICase>> Start)[] All =
    [
        (FloorCase.Separate, false, (databases, _) => Task.FromResult<ICase>(new FloorCase(databases, merged: false))),
        (FloorCase.Merged, false, (databases, _) => Task.FromResult<ICase>(new FloorCase(databases, merged: true))),
        (EmbeddedCase.On, false, async (databases, folder) => await EmbeddedCase.StartAsync(databases, folder, witness: true)),
        (EmbeddedCase.Off, true, async (databases, folder) => await EmbeddedCase.StartAsync(databases, folder, witness: false)),
        (ServiceSdkCase.On, false, async (databases, folder) => await ServiceSdkCase.StartAsync(databases, folder, witness: true)),
        (ServiceSdkCase.Off, true, async (databases, folder) => await ServiceSdkCase.StartAsync(databases, folder, witness: false)),
        (SolicitedCase.CaseName, false, async (databases, folder) => await SolicitedCase.StartAsync(databases, folder)),
        (ServiceSqlCase.CaseName, false, async (databases, folder) => await ServiceSqlCase.StartAsync(databases, folder)),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(each => each.Name)];

    /// <summary>Starts the wanted cases, each on databases of its own.</summary>
    /// <param name="servers">Where.</param>
    /// <param name="folder">For the coordinators' logs.</param>
    /// <param name="options">Which.</param>
    public static async Task<List<ICase>> StartAsync(ServerPair servers, string folder, BenchmarkOptions options)
    {
        var cases = new List<ICase>();
        try
        {
            foreach (var (name, needsWitness, start) in All)
            {
                // Only MariaDB has witness rows: on two PostgreSQL servers with and without would be the same.
                if (options.Includes(name) && (!needsWitness || servers.First.Kind != servers.Second.Kind))
                    cases.Add(await start(await servers.CreateDatabasesAsync(), folder));
            }

            return cases;
        }
        catch
        {
            foreach (var started in cases)
                await started.DisposeAsync();
            throw;
        }
    }
}
