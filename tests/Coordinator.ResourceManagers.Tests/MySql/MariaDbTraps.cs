using System.Data.Common;
using Coordinator.ResourceManagers.MySql;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.MySql;

public sealed class MariaDbTraps : MySqlTraps
{
    /// <summary>The server lists the branch and yet says 1397 while the session that prepared it lives.</summary>
    [Fact]
    public async Task XaCommitFromElsewhere_WhileThePreparerIsConnected_IsUnknownToTheServer()
    {
        await using var session = await BeginAsync();
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Database.QueryAsync(Xid.Commit(session.Id) + ";"));
        Assert.Contains("1397", refused.Message, StringComparison.Ordinal);
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
    }

    [Fact]
    public async Task Witnessless_AfterThePreparingConnectionIsLost_NoSuccessIsReported()
    {
        await using var first = Database.CreateResource(witness: false);
        await first.AttachAsync(default);
        var row = TestDatabase.NewRow();
        var session = await first.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);
        await session.InsertAsync(row);
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await first.DisposeAsync();

        Assert.Equal(BranchOutcome.Unknown, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
    }

    /// <summary>Sessions are killed right after prepare, and another instance commits at once: the race that hides branches.</summary>
    [Fact]
    public async Task CommitRightAfterADisconnect_IsProvenEveryTime()
    {
        for (var i = 0; i < 40; i++)
        {
            var row = TestDatabase.NewRow();
            var gone = Database.CreateResource();
            await gone.AttachAsync(default);
            var session = await gone.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);
            await session.InsertAsync(row);
            var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
            var disposing = gone.DisposeAsync();
            var report = await Resource.CommitAsync(session.Id, vote.Evidence, default);
            await disposing;
            Assert.Equal(BranchReport.Committed.Outcome, report.Outcome);
            Assert.True(await Database.HasRowAsync(row));
        }
    }

    [Fact]
    public async Task HeldSessionKilled_CommitIsAnsweredByProof()
    {
        await using var session = await BeginAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.True(Evidence.TryParse(vote.Evidence, out var evidence));
        await Database.QueryAsync($"KILL {evidence.ConnectionId};");
        await Assert.ThrowsAnyAsync<DbException>(() => Resource.CommitAsync(session.Id, vote.Evidence, default));

        Assert.Equal(BranchOutcome.Committed, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
    }

    /// <summary>Work that lets go of every lock unseen does not hide its session's later branches from who must end them.</summary>
    [Fact]
    public async Task SessionThatLostItsLock_TakesItAgain()
    {
        await Database.QueryAsync("CREATE FUNCTION forget() RETURNS INT RETURN RELEASE_ALL_LOCKS();");
        await using var resource = new MySqlResourceManager(new MySqlOptions(Database.Server.AdminConnectionString(Database.Name))
        {
            FreshFor = TimeSpan.FromMilliseconds(1),
            WorkPoolSize = 1,
        });
        await resource.AttachAsync(default);
        await using (var careless = await resource.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default))
        {
            await careless.Connection.ExecuteAsync("SELECT forget()");
            Assert.IsType<Vote.Prepared>(await careless.PrepareAsync(default));
            Assert.Equal(BranchOutcome.Committed, (await careless.CommitAsync(default)).Outcome);
        }

        await Task.Delay(TimeSpan.FromMilliseconds(20));
        await using var next = await resource.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);
        await next.InsertAsync(TestDatabase.NewRow());
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(next.Id, null, default)).Outcome);
        await Assert.ThrowsAnyAsync<Exception>(() => next.InsertAsync(TestDatabase.NewRow()));
    }

    protected override Task<PrivateServer> GetServerAsync() => SharedServers.MariaDbAsync();
}
