using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.Postgres;

/// <summary>A real hot standby, and its promotion after it had fallen behind.</summary>
public sealed class StandbyTraps
{
    /// <summary>
    /// Scenario: two branches; the standby has the first one's prepare, then is cut off; the first is committed and the
    /// second prepared; the primary is lost and the standby promoted.
    /// Expected: on the standby nothing is concluded from its empty list. After the promotion the committed branch is
    /// prepared again and is committed again, provably; of the vanished one nothing is claimed.
    /// </summary>
    [Fact]
    public async Task PromotedStandby_ThatHadFallenBehind()
    {
        await using var primary = await PrivateServer.StartAsync(DatabaseKind.Postgres);
        var database = await TestDatabase.CreateAsync(primary);
        await using var resource = database.CreateResource();
        await resource.AttachAsync(default);
        var (returned, returnedVote) = await PrepareAsync(resource);
        await using var standby = await StartStandbyAsync(primary);
        await using var onStandby = new PostgresResourceManager(new PostgresOptions(standby.AdminConnectionString(database.Name)));
        Assert.Contains("standby", (await Assert.ThrowsAsync<ResourceRefusedException>(() => onStandby.AttachAsync(default))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ResourceRefusedException>(() => onStandby.ListPreparedAsync(default));
        await Assert.ThrowsAsync<ResourceRefusedException>(() => onStandby.FindOutcomeAsync(returned.Id, returnedVote.Evidence, default));
        Assert.Equal(BranchOutcome.Prepared, (await onStandby.CommitAsync(returned.Id, returnedVote.Evidence, default)).Outcome);
        var startAsStandby = await onStandby.GetServerStartAsync(default);

        await standby.StopAsync();
        Assert.Equal(BranchOutcome.Committed, (await returned.CommitAsync(default)).Outcome);
        var (vanished, vanishedVote) = await PrepareAsync(resource);
        await primary.KillAsync();
        await standby.RestartAsync();
        await standby.QueryAsync("SELECT pg_promote();");

        Assert.NotEqual(startAsStandby, await onStandby.GetServerStartAsync(default));
        Assert.Equal(returned.Id, Assert.Single((await onStandby.ListPreparedAsync(default)).Branches).Id);
        for (var i = 0; i < 2; i++)
            Assert.Equal(BranchOutcome.Committed, (await onStandby.CommitAsync(returned.Id, returnedVote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.Unknown, (await onStandby.CommitAsync(vanished.Id, vanishedVote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.Unknown, (await onStandby.RollbackAsync(vanished.Id, vanishedVote.Evidence, default)).Outcome);
        Assert.Empty((await onStandby.ListPreparedAsync(default)).Branches);
    }

    private static async Task<(IBranchSession Session, Vote.Prepared Vote)> PrepareAsync(IResourceManager resource)
    {
        var session = await resource.BeginAsync(TestIds.NewBranch(TestIds.NewParticipant()), TestWork.Options, default);
        await session.InsertAsync(TestDatabase.NewRow());
        return (session, Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default)));
    }

    // The primary itself runs pg_basebackup, as the user whom both servers run as.
    private static async Task<PrivateServer> StartStandbyAsync(PrivateServer primary)
    {
        var standby = await PrivateServer.StartAsync(DatabaseKind.Postgres);
        await standby.StopAsync();
        var data = Path.Combine(standby.Directory, "data");
        await primary.QueryAsync(
            "SELECT format('COPY (SELECT 1) TO PROGRAM %L', 'rm -rf ' || $1 || ' && ' || setting || '/pg_basebackup -R -c fast -h 127.0.0.1 -U postgres -p ' || $2 || ' -D ' || $1 || ' 2>&1') FROM pg_config WHERE name = 'BINDIR' \\gexec"
                .Replace("$1", $"'{data}'", StringComparison.Ordinal)
                .Replace("$2", $"'{primary.Port}'", StringComparison.Ordinal));
        await standby.RestartAsync();
        return standby;
    }
}
