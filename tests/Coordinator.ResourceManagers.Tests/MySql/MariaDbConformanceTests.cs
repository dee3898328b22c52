using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.MySql;

public sealed class MariaDbConformanceTests : ResourceManagerConformance
{
    private static readonly Lazy<Task<TestDatabase>> _shared =
        new(async () => await TestDatabase.CreateAsync(await SharedServers.MariaDbAsync()));

    protected override DatabaseKind Kind => DatabaseKind.MariaDb;

    protected override Task<TestDatabase> GetDatabaseAsync() => _shared.Value;
}
