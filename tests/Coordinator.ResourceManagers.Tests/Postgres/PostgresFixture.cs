using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.Postgres;

/// <summary>One database on the shared PostgreSQL for all traps, with an attached resource manager.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public TestDatabase Database { get; private set; } = null!;

    public IResourceManager Resource { get; private set; } = null!;

    public string Participant { get; } = TestIds.NewParticipant();

    public async Task InitializeAsync()
    {
        Database = await TestDatabase.CreateAsync(await SharedServers.PostgresAsync());
        Resource = Database.CreateResource();
        await Resource.AttachAsync(default);
    }

    /// <summary>The tests leave nothing prepared.</summary>
    public async Task DisposeAsync()
    {
        Assert.Empty((await Resource.ListPreparedAsync(default)).Branches);
        await Resource.DisposeAsync();
    }

    public Task<IBranchSession> BeginAsync(BranchOptions? options = null) =>
        Resource.BeginAsync(TestIds.NewBranch(Participant), options ?? TestWork.Options, default);
}
