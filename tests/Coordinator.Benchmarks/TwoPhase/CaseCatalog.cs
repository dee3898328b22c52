using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>Every case, in the order in which they are shown.</summary>
internal static class CaseCatalog
{
    private static readonly Definition[] All =
    [
        new(FloorCase.Separate, (databases, _) => Task.FromResult<ICase>(new FloorCase(databases, merged: false))),
        new(FloorCase.Merged, (databases, _) => Task.FromResult<ICase>(new FloorCase(databases, merged: true))),
        new(InitiatorCase.Embedded, async (databases, folder) =>
            new InitiatorCase(InitiatorCase.Embedded, await EmbeddedApplication.StartAsync(databases, folder, witness: true))),
        new(InitiatorCase.EmbeddedWitnessOff, async (databases, folder) =>
            new InitiatorCase(InitiatorCase.EmbeddedWitnessOff, await EmbeddedApplication.StartAsync(databases, folder, witness: false)), AboutWitness: true),
        new(InitiatorCase.EmbeddedUndeferred, async (databases, folder) =>
            new InitiatorCase(InitiatorCase.EmbeddedUndeferred, await EmbeddedApplication.StartAsync(databases, folder, witness: true), defers: false)),
        new(InitiatorCase.ServiceSdk, async (databases, folder) =>
            new InitiatorCase(InitiatorCase.ServiceSdk, await SdkApplication.StartAsync(databases, folder, witness: true))),
        new(InitiatorCase.ServiceSdkWitnessOff, async (databases, folder) =>
            new InitiatorCase(InitiatorCase.ServiceSdkWitnessOff, await SdkApplication.StartAsync(databases, folder, witness: false)), AboutWitness: true),
        new(InitiatorCase.ServiceSdkUndeferred, async (databases, folder) =>
            new InitiatorCase(InitiatorCase.ServiceSdkUndeferred, await SdkApplication.StartAsync(databases, folder, witness: true), defers: false)),
        new(SolicitedCase.CaseName, async (databases, folder) => new SolicitedCase(await SdkApplication.StartAsync(databases, folder, witness: true))),
        new(ServiceSqlCase.CaseName, async (databases, folder) => await ServiceSqlCase.StartAsync(databases, folder)),
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
            foreach (var each in All)
            {
                // Only MariaDB has witness rows: on two PostgreSQL servers with and without would be the same.
                if (options.Includes(each.Name) && (!each.AboutWitness || servers.First.Kind != servers.Second.Kind))
                    cases.Add(await each.Start(await servers.CreateDatabasesAsync(), Path.Combine(folder, each.Name)));
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

    private sealed record Definition(
        string Name, Func<(OrderDatabase First, OrderDatabase Second), string, Task<ICase>> Start, bool AboutWitness = false);
}
