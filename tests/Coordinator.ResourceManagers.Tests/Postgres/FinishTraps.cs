using Coordinator.ResourceManagers.Postgres;
using Npgsql;

namespace Coordinator.ResourceManagers.Tests.Postgres;

/// <summary>Scans of hostile ids, wrong logins and databases, evidence that does not hold.</summary>
public sealed class FinishTraps(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Scan_OfForeignIds_TakesNoneForOurs()
    {
        var ours = TestIds.NewBranch(fixture.Participant);
        string[] foreign = [$"{ours.Gid}x", $" {ours.Gid}", ours.Gid[..^1], "", "a'b\\c", "\u0001\u00e4", new string('x', 199)];
        foreach (var gid in foreign)
        {
            await fixture.Database.QueryAsync(
                $"BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION '{gid.Replace("'", "''", StringComparison.Ordinal)}';");
        }

        var scan = await fixture.Resource.ListPreparedAsync(default);
        Assert.Equal(foreign.Length, scan.Branches.Count);
        // The first is a branch of another process of ours, and no more.
        Assert.Equal(foreign[0], Assert.Single(scan.Branches, branch => branch.Id is not null).Id!.Gid);
        Assert.All(scan.Branches, branch => Assert.DoesNotContain(branch.Raw, char.IsControl));
        Assert.Equal(BranchOutcome.RolledBack, (await fixture.Resource.RollbackAsync(ours, null, default)).Outcome);
        Assert.Equal(scan.Branches.Count, (await fixture.Resource.ListPreparedAsync(default)).Branches.Count);
        foreach (var gid in foreign)
            await fixture.Database.QueryAsync($"ROLLBACK PREPARED '{gid.Replace("'", "''", StringComparison.Ordinal)}';");
    }

    [Fact]
    public async Task AnotherLogin_MayNotFinish_NeedsAnOperator()
    {
        var login = $"other_{fixture.Database.Name}";
        await fixture.Database.QueryAsync($"CREATE ROLE {login} LOGIN PASSWORD 'p';");
        await using var session = await fixture.BeginAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await using var other = new PostgresResourceManager(new PostgresOptions(ConnectionString(login, fixture.Database.Name)));

        foreach (var report in (BranchReport[])[
            await other.CommitAsync(session.Id, vote.Evidence, default), await other.RollbackAsync(session.Id, vote.Evidence, default)])
        {
            Assert.Equal(BranchOutcome.Prepared, report.Outcome);
            Assert.True(report.NeedsOperator);
            Assert.StartsWith("42501", report.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
    }

    [Fact]
    public async Task AnotherDatabase_CannotFinish_NeedsAnOperator()
    {
        await using var session = await fixture.BeginAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await using var other = new PostgresResourceManager(new PostgresOptions(fixture.Database.Server.AdminConnectionString()));

        var report = await other.CommitAsync(session.Id, vote.Evidence, default);
        Assert.Equal(BranchOutcome.Prepared, report.Outcome);
        Assert.True(report.NeedsOperator);
        Assert.DoesNotContain((await other.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
    }

    [Fact]
    public async Task Evidence_OfAnotherServerOrTimelineOrFuture_ProvesNothing()
    {
        await using var session = await fixture.BeginAsync();
        await session.InsertAsync(TestDatabase.NewRow());
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.True(Evidence.TryParse(vote.Evidence, out var evidence));

        foreach (var wrong in (Evidence[])[
            evidence with { SystemIdentifier = "1" }, evidence with { Timeline = 7 }, evidence with { Lsn = new Lsn(ulong.MaxValue) }])
        {
            Assert.Equal(BranchOutcome.Unknown, (await fixture.Resource.FindOutcomeAsync(session.Id, wrong.ToString(), default)).Outcome);
            Assert.Equal(BranchOutcome.Unknown, (await fixture.Resource.CommitAsync(session.Id, wrong.ToString(), default)).Outcome);
        }

        Assert.Equal(BranchOutcome.Unknown, (await fixture.Resource.FindOutcomeAsync(session.Id, "pg1:'; DROP", default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await fixture.Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
    }

    [Fact]
    public async Task Attach_WithoutRights_PrintsWhatToRun()
    {
        var database = await TestDatabase.CreateAsync(fixture.Database.Server);
        var login = $"poor_{database.Name}";
        await database.QueryAsync($"CREATE ROLE {login} LOGIN PASSWORD 'p';");
        await using var resource = new PostgresResourceManager(new PostgresOptions(ConnectionString(login, database.Name)));
        var refused = await Assert.ThrowsAsync<ResourceRefusedException>(() => resource.AttachAsync(default));
        Assert.Contains(login, refused.Message, StringComparison.Ordinal);

        await database.QueryAsync(refused.Message[refused.Message.IndexOf("CREATE SCHEMA", StringComparison.Ordinal)..]);
        Assert.NotNull(await resource.AttachAsync(default));
        await resource.RememberAsync(TestIds.Mark(TestIds.NewCluster(), 1, 1), default);
    }

    private string ConnectionString(string login, string database) =>
        new NpgsqlConnectionStringBuilder(fixture.Database.Server.AdminConnectionString(database)) { Username = login, Password = "p" }
            .ConnectionString;
}
