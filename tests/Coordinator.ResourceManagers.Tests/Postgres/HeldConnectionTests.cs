using System.Globalization;

namespace Coordinator.ResourceManagers.Tests.Postgres;

/// <summary>A prepared branch keeps its connection for its commit, as long as no work needs it.</summary>
public sealed class HeldConnectionTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Commit_WhileNoWorkNeedsIt_RunsOnTheSessionThatPrepared()
    {
        await using var session = await fixture.BeginAsync();
        var process = await ProcessAsync(session);
        await session.InsertAsync(TestDatabase.NewRow());
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));

        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);

        var last = Assert.Single(await fixture.Database.QueryAsync($"SELECT query FROM pg_stat_activity WHERE pid = {process};"));
        Assert.Equal($"COMMIT PREPARED '{session.Id.Gid}'", last);
    }

    [Fact]
    public async Task Begin_AllConnectionsAreWithPreparedBranches_TakesTheOldest()
    {
        await using var resource = await CreateAsync(workPoolSize: 2);
        await using var first = await PrepareAsync(resource);
        await using var second = await PrepareAsync(resource);

        await using var third = await PrepareAsync(resource).WaitAsync(Limit);
        await using var fourth = await PrepareAsync(resource).WaitAsync(Limit);

        foreach (var session in (IBranchSession[])[first, second, third, fourth])
            Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        await using var fifth = await PrepareAsync(resource).WaitAsync(Limit);
        Assert.Equal(BranchOutcome.Committed, (await fifth.CommitAsync(default)).Outcome);
    }

    /// <summary>
    /// Scenario: work waits for a connection while the only one is with a branch that is about to prepare.
    /// Expected: the branch does not keep it; both commit.
    /// </summary>
    [Fact]
    public async Task Prepare_WorkWaitsForAConnection_HandsItOver()
    {
        await using var resource = await CreateAsync(workPoolSize: 1);
        await using var first = await BeginAsync(resource);
        await first.InsertAsync(TestDatabase.NewRow());
        var waiting = BeginAsync(resource);
        await Task.Delay(TimeSpan.FromMilliseconds(100));
        Assert.False(waiting.IsCompleted);

        Assert.IsType<Vote.Prepared>(await first.PrepareAsync(default));
        await using var second = await waiting.WaitAsync(Limit);
        await second.InsertAsync(TestDatabase.NewRow());
        Assert.IsType<Vote.Prepared>(await second.PrepareAsync(default));

        Assert.Equal(BranchOutcome.Committed, (await second.CommitAsync(default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await first.CommitAsync(default)).Outcome);
    }

    [Fact]
    public async Task Dispose_WhilePrepared_GivesTheConnectionBack()
    {
        await using var resource = await CreateAsync(workPoolSize: 1);
        var first = await PrepareAsync(resource);
        await first.DisposeAsync();

        await using var second = await PrepareAsync(resource).WaitAsync(Limit);

        foreach (var branch in (BranchId[])[first.Id, second.Id])
            Assert.Equal(BranchOutcome.Committed, (await resource.CommitAsync(branch, evidence: null, default)).Outcome);
    }

    [Fact]
    public async Task Rollback_WhilePrepared_GivesTheConnectionBack()
    {
        await using var resource = await CreateAsync(workPoolSize: 1);
        await using var first = await PrepareAsync(resource);
        Assert.Equal(BranchOutcome.RolledBack, (await first.RollbackAsync(default)).Outcome);

        await using var second = await PrepareAsync(resource).WaitAsync(Limit);
        Assert.Equal(BranchOutcome.Committed, (await second.CommitAsync(default)).Outcome);
    }

    /// <summary>
    /// Scenario: the session that prepared is ended before the commit.
    /// Expected: the commit runs on another one.
    /// </summary>
    [Fact]
    public async Task Commit_TheSessionThatPreparedWasKilled_RunsOnAnother()
    {
        var row = TestDatabase.NewRow();
        await using var session = await fixture.BeginAsync();
        var process = await ProcessAsync(session);
        await session.InsertAsync(row);
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await fixture.Database.QueryAsync($"SELECT pg_terminate_backend({process}, 5000);");

        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.True(await fixture.Database.HasRowAsync(row));
    }

    private async Task<IResourceManager> CreateAsync(int workPoolSize)
    {
        var resource = fixture.Database.CreateResource(workPoolSize: workPoolSize);
        await resource.AttachAsync(default);
        return resource;
    }

    private Task<IBranchSession> BeginAsync(IResourceManager resource) =>
        resource.BeginAsync(TestIds.NewBranch(fixture.Participant), TestWork.Options, default);

    private async Task<IBranchSession> PrepareAsync(IResourceManager resource)
    {
        var session = await BeginAsync(resource);
        await session.InsertAsync(TestDatabase.NewRow());
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        return session;
    }

    private static async Task<string> ProcessAsync(IBranchSession session)
    {
        await using var command = session.Connection.CreateCommand();
        command.CommandText = "SELECT pg_backend_pid()";
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture)!;
    }
}
