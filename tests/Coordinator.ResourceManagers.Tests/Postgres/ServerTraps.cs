using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.Postgres;

/// <summary>Servers that are killed, or set in a way that a shared one must not be.</summary>
public sealed class ServerTraps
{
    private readonly string _participant = TestIds.NewParticipant();

    [Fact]
    public async Task SlotsExhausted_VotesNo_AndDisabled_IsRefusedAtAttach()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.Postgres, "max_prepared_transactions=1");
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = database.CreateResource();
        Assert.Equal(1, (await resource.AttachAsync(default)).MaxBranches);
        await using var first = await BeginAsync(resource);
        await using var second = await BeginAsync(resource);
        Assert.IsType<Vote.Prepared>(await first.PrepareAsync(default));
        Assert.StartsWith("53200", Assert.IsType<Vote.No>(await second.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        Assert.Equal(BranchOutcome.Committed, (await first.CommitAsync(default)).Outcome);

        await server.RestartAsync("max_prepared_transactions=0");
        await using var again = database.CreateResource();
        var refused = await Assert.ThrowsAsync<ResourceRefusedException>(() => again.AttachAsync(default));
        Assert.Contains("max_prepared_transactions", refused.Message, StringComparison.Ordinal);
        Assert.Contains("restart", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kill9_KeepsThePrepared_LosesTheActive_AndTheStartIsAnother()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.Postgres);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = database.CreateResource();
        var before = (await resource.AttachAsync(default)).ServerStart;
        var row = TestDatabase.NewRow();
        var prepared = await BeginAsync(resource);
        await prepared.InsertAsync(row);
        var vote = Assert.IsType<Vote.Prepared>(await prepared.PrepareAsync(default));
        var active = await BeginAsync(resource);
        await server.KillAsync();
        await server.RestartAsync();

        await using var next = database.CreateResource();
        var scan = await next.ListPreparedAsync(default);
        Assert.NotEqual(before, scan.ServerStart);
        Assert.Equal(prepared.Id, Assert.Single(scan.Branches).Id);
        Assert.Equal(BranchOutcome.Prepared, (await next.FindOutcomeAsync(prepared.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, (await next.RollbackAsync(active.Id, null, default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await next.CommitAsync(prepared.Id, vote.Evidence, default)).Outcome);
        Assert.True(await database.HasRowAsync(row));
        Assert.Empty((await next.ListPreparedAsync(default)).Branches);
    }

    /// <summary>
    /// Scenario: PREPARE waits for a synchronous standby that never comes, and somebody cancels the wait: the server answers
    /// success with warning 01000. Expected: a no, and nothing stays prepared.
    /// </summary>
    [Fact]
    public async Task CancelledWaitForTheStandby_VotesNo()
    {
        await using var server = await PrivateServer.StartAsync(DatabaseKind.Postgres);
        var database = await TestDatabase.CreateAsync(server);
        await using var resource = database.CreateResource();
        await resource.AttachAsync(default);
        await server.QueryAsync("ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf();");
        Task<Vote>? cancelled = null;
        // The server's processes take a setting over one after the other: branches that still do not wait are let go.
        await Eventually.AssertAsync(
            async () => (cancelled = await TryCancelPrepareAsync(server, resource)) is not null, TimeSpan.FromSeconds(30), "PREPARE waits for the standby");
        await server.QueryAsync("ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf();");

        Assert.StartsWith("01000", Assert.IsType<Vote.No>(await cancelled!).Reason, StringComparison.Ordinal);
        Assert.Empty((await resource.ListPreparedAsync(default)).Branches);
    }

    private async Task<Task<Vote>?> TryCancelPrepareAsync(PrivateServer server, IResourceManager resource)
    {
        var session = await BeginAsync(resource);
        await session.InsertAsync(TestDatabase.NewRow());
        var preparing = session.PrepareAsync(default);
        while (!preparing.IsCompleted)
        {
            if (await CancelWaitAsync(server))
                return preparing;
        }

        await session.RollbackAsync(default);
        return null;
    }

    private static async Task<bool> CancelWaitAsync(PrivateServer server) => (await server.QueryAsync(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query NOT LIKE '%pg_cancel%';")).Contains("t");

    private Task<IBranchSession> BeginAsync(IResourceManager resource) =>
        resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
}
