using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.Postgres;

public sealed class PostgresConformanceTests : ResourceManagerConformance
{
    private static readonly Lazy<Task<TestDatabase>> _shared =
        new(async () => await TestDatabase.CreateAsync(await SharedServers.PostgresAsync()));

    protected override DatabaseKind Kind => DatabaseKind.Postgres;

    protected override Task<TestDatabase> GetDatabaseAsync() => _shared.Value;
}
