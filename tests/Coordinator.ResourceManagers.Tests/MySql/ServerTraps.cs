using System.Data.Common;
using Coordinator.ResourceManagers.MySql;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.MySql;

/// <summary>Servers that are killed, locked, paused, or set in a way that a shared one must not be.</summary>
public sealed class ServerTraps
{
    private readonly string _participant = TestIds.NewParticipant();

    [Theory]
    [MySqlFamilyData]
    public async Task Kill9_KeepsThePrepared_LosesTheActive_AndTheStartIsAnother(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = database.CreateResource();
        var before = (await resource.AttachAsync(default)).ServerStart;
        Assert.Equal(before, await resource.GetServerStartAsync(default));
        var row = TestDatabase.NewRow();
        var committed = await BeginAsync(resource);
        await committed.InsertAsync(row);
        var vote = Assert.IsType<Vote.Prepared>(await committed.PrepareAsync(default));
        var rolledBack = await BeginAsync(resource);
        await rolledBack.InsertAsync(TestDatabase.NewRow());
        Assert.IsType<Vote.Prepared>(await rolledBack.PrepareAsync(default));
        var active = await BeginAsync(resource);
        await server.KillAsync();
        await server.RestartAsync();

        // The same instance, whose pooled sessions are all dead now.
        var scan = await resource.ListPreparedAsync(default);
        Assert.NotEqual(before, scan.ServerStart);
        Assert.Equal(2, scan.Branches.Count);
        await using var next = database.CreateResource();
        await next.AttachAsync(default);
        Assert.Equal(BranchOutcome.RolledBack, (await next.RollbackAsync(active.Id, null, default)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, (await next.RollbackAsync(rolledBack.Id, null, default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await next.CommitAsync(committed.Id, vote.Evidence, default)).Outcome);
        Assert.True(await database.HasRowAsync(row));
        Assert.Empty((await next.ListPreparedAsync(default)).Branches);
    }

    [Theory]
    [MySqlFamilyData]
    public async Task FlushTablesWithReadLock_CommitStaysPrepared_AndWorksAfterwards(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = database.CreateResource();
        await resource.AttachAsync(default);
        await using var session = await resource.BeginAsync(
            TestIds.NewBranch(_participant), new BranchOptions(TimeSpan.FromSeconds(1)), default);
        await session.InsertAsync(TestDatabase.NewRow());
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));

        await using (var locker = Driver.Create(server.AdminConnectionString()))
        {
            await locker.OpenAsync();
            await locker.ExecuteAsync("FLUSH TABLES WITH READ LOCK");
            var report = await resource.CommitAsync(session.Id, vote.Evidence, default);
            Assert.Equal(BranchOutcome.Prepared, report.Outcome);
            Assert.False(report.NeedsOperator);
            await locker.ExecuteAsync("UNLOCK TABLES");
        }

        Assert.Equal(BranchOutcome.Committed, (await resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Empty((await resource.ListPreparedAsync(default)).Branches);
    }

    /// <summary>
    /// Scenario: XA PREPARE waits for a global read lock when the coordinator gives the branch up; left alone it would
    /// complete after its client died. Expected: the session is ended, and no orphan appears once the lock is gone.
    /// </summary>
    [Theory]
    [MySqlFamilyData]
    public async Task LatePrepare_RollbackEndsTheSessionFirst(DatabaseKind kind)
    {
        await using var server = await PrivateServer.StartAsync(kind);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = database.CreateResource();
        await resource.AttachAsync(default);
        var session = await resource.BeginAsync(
            TestIds.NewBranch(_participant), new BranchOptions(TimeSpan.FromSeconds(60)), default);
        await session.InsertAsync(TestDatabase.NewRow());
        Task preparing;
        await using (var locker = Driver.Create(server.AdminConnectionString()))
        {
            await locker.OpenAsync();
            await locker.ExecuteAsync("FLUSH TABLES WITH READ LOCK");
            preparing = session.PrepareAsync(default);
            await Eventually.AssertAsync(
                async () => (await database.QueryAsync("SHOW FULL PROCESSLIST;")).Any(row => row.Contains("XA PREPARE", StringComparison.Ordinal)),
                TimeSpan.FromSeconds(5),
                "XA PREPARE waits");
            Assert.NotEqual(BranchOutcome.Committed, (await resource.RollbackAsync(session.Id, null, default)).Outcome);
            await locker.ExecuteAsync("UNLOCK TABLES");
        }

        await Assert.ThrowsAnyAsync<DbException>(() => preparing);
        Assert.Equal(BranchOutcome.RolledBack, (await resource.RollbackAsync(session.Id, null, default)).Outcome);
        Assert.Empty((await resource.ListPreparedAsync(default)).Branches);
    }

    [Fact]
    public async Task PausedServer_NoAnswerWithinTheLimit_IsNoOutcome()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.MariaDb);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = new MySqlResourceManager(new MySqlOptions(server.AdminConnectionString(database.Name))
        {
            Phase2Timeout = TimeSpan.FromSeconds(1),
            ConnectTimeout = TimeSpan.FromSeconds(1),
        });
        await resource.AttachAsync(default);
        var session = await BeginAsync(resource);
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await server.PauseAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => resource.CommitAsync(session.Id, vote.Evidence, default));
        await server.ResumeAsync();

        await Eventually.AssertAsync(
            async () => (await resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome == BranchOutcome.Committed,
            TimeSpan.FromSeconds(10),
            "the commit is done, and proven");
    }

    /// <summary>More than the sockets' buffers hold: the driver's own sending does not end.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(12_000_000)]
    public async Task PausedServer_PrepareWithMuchToSend_KeepsTheLimit(int length)
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.MariaDb);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = new MySqlResourceManager(new MySqlOptions(server.AdminConnectionString(database.Name))
        {
            PrepareTimeout = TimeSpan.FromSeconds(1),
            Phase2Timeout = TimeSpan.FromSeconds(1),
            ConnectTimeout = TimeSpan.FromSeconds(1),
        });
        await resource.AttachAsync(default);
        var session = await BeginAsync(resource);
        session.Defer("SELECT LENGTH(@text)", parameters: ("@text", new string('x', length)));
        await server.PauseAsync();
        var preparing = session.PrepareAsync(default);
        Assert.False(preparing.IsCompleted);
        await Assert.ThrowsAsync<TimeoutException>(() => preparing);
        await server.ResumeAsync();
        await Eventually.AssertAsync(
            async () => await TryRollbackAsync(resource, session.Id) == BranchOutcome.RolledBack, TimeSpan.FromSeconds(20), "the branch is rolled back");
    }

    [Theory]
    [MySqlFamilyData(only: DatabaseKind.MySql, "xa_detach_on_prepare=OFF", "xa_detach_on_prepare")]
    [InlineData(DatabaseKind.MariaDb, "default_storage_engine=MyISAM", "default_storage_engine")]
    [InlineData(DatabaseKind.MariaDb, "read_only=ON", "read-only")]
    [InlineData(DatabaseKind.MariaDb, "wsrep_on=ON", "Galera")]
    public async Task UnfitServer_IsRefusedWithTheSetting(DatabaseKind kind, string option, string expected)
    {
        await using var server = await PrivateServer.StartAsync(kind, option);
        await using var resource = new MySqlResourceManager(new MySqlOptions(server.AdminConnectionString("mysql")));
        var refused = await Assert.ThrowsAsync<ResourceRefusedException>(() => resource.AttachAsync(default));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    private Task<IBranchSession> BeginAsync(IResourceManager resource) =>
        resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);

    // The server takes in what was sent while it stood still, and the branch is at work until then.
    private static async Task<BranchOutcome> TryRollbackAsync(MySqlResourceManager resource, BranchId branch)
    {
        try
        {
            return (await resource.RollbackAsync(branch, null, default)).Outcome;
        }
        catch (TimeoutException)
        {
            return BranchOutcome.Active;
        }
    }
}
