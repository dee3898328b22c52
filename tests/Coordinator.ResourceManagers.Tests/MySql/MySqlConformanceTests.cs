using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.MySql;

[Trait("needs", "mysql")]
public sealed class MySqlConformanceTests : ResourceManagerConformance
{
    private static readonly Lazy<Task<TestDatabase>> _shared =
        new(async () => await TestDatabase.CreateAsync(await SharedServers.MySqlAsync()));

    protected override DatabaseKind Kind => DatabaseKind.MySql;

    protected override Task<TestDatabase> GetDatabaseAsync() => _shared.Value;
}
