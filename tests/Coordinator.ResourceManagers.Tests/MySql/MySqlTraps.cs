using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers.MySql;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests.MySql;

/// <summary>The traps that MariaDB and MySQL share.</summary>
public abstract class MySqlTraps : IAsyncLifetime
{
    protected string Participant { get; } = TestIds.NewParticipant();

    protected TestDatabase Database { get; private set; } = null!;

    protected IResourceManager Resource { get; private set; } = null!;

    protected abstract Task<PrivateServer> GetServerAsync();

    public async Task InitializeAsync()
    {
        Database = await TestDatabase.CreateAsync(await GetServerAsync());
        Resource = Database.CreateResource();
        await Resource.AttachAsync(default);
    }

    /// <summary>Every test leaves nothing prepared.</summary>
    public async Task DisposeAsync()
    {
        Assert.DoesNotContain(
            (await Resource.ListPreparedAsync(default)).Branches, branch => branch.Id?.Branch.Participant == Participant);
        await Resource.DisposeAsync();
    }

    [Fact]
    public async Task FailedStatement_BehindTheWrapper_StillPrepares_SoItIsPoisonedByHand()
    {
        await using var unnoticed = await BeginAsync();
        await Assert.ThrowsAnyAsync<DbException>(() => unnoticed.DriverConnection.ExecuteAsync("INSERT INTO missing VALUES (1)"));
        Assert.IsType<Vote.Prepared>(await unnoticed.PrepareAsync(default));
        Assert.Equal(BranchOutcome.RolledBack, (await unnoticed.RollbackAsync(default)).Outcome);

        await using var poisoned = await BeginAsync();
        await Assert.ThrowsAnyAsync<DbException>(() => poisoned.DriverConnection.ExecuteAsync("INSERT INTO missing VALUES (1)"));
        poisoned.Poison("the insert failed");
        Assert.IsType<Vote.No>(await poisoned.PrepareAsync(default));
    }

    [Theory]
    [InlineData("CREATE TABLE other (id INT)")]
    [InlineData("SET autocommit = 1; COMMIT")]
    public async Task StatementThatXaForbids_VotesNo(string statement)
    {
        await using var session = await BeginAsync();
        await Assert.ThrowsAnyAsync<DbException>(() => session.Connection.ExecuteAsync(statement));
        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
    }

    [Fact]
    public async Task Deadlock_VotesNo_AndTheSessionsAreUsableAgain()
    {
        var (one, two) = (TestDatabase.NewRow(), TestDatabase.NewRow());
        await Database.QueryAsync($"INSERT INTO account VALUES ({one}, 1), ({two}, 1);");
        await using var first = await BeginAsync();
        await using var second = await BeginAsync();
        await first.Connection.ExecuteAsync($"UPDATE account SET balance = 2 WHERE id = {one}");
        await second.Connection.ExecuteAsync($"UPDATE account SET balance = 3 WHERE id = {two}");
        Task[] crossing = [
            first.Connection.ExecuteAsync($"UPDATE account SET balance = 2 WHERE id = {two}"),
            second.Connection.ExecuteAsync($"UPDATE account SET balance = 3 WHERE id = {one}")];
        await Assert.ThrowsAnyAsync<DbException>(() => Task.WhenAll(crossing));

        Vote[] votes = [await first.PrepareAsync(default), await second.PrepareAsync(default)];
        Assert.Single(votes.OfType<Vote.No>());
        var winner = votes[0] is Vote.Prepared ? first : second;
        Assert.Equal(BranchOutcome.Committed, (await winner.CommitAsync(default)).Outcome);
        await using var next = await BeginAsync();
        Assert.IsType<Vote.Prepared>(await next.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await next.CommitAsync(default)).Outcome);
    }

    /// <summary>MySQL would accept ONE PHASE on a prepared branch, and might not start again after a crash.</summary>
    [Fact]
    public async Task OnePhase_AfterPrepare_IsNeverSent()
    {
        await using var session = await BeginAsync();
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await Assert.ThrowsAsync<InvalidOperationException>(() => session.CommitOnePhaseAsync(default));
        Assert.Equal(BranchOutcome.Prepared, (await Resource.FindOutcomeAsync(session.Id, null, default)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
    }

    [Fact]
    public async Task OnePhase_WithoutAnAnswer_IsProvenByTheWitness()
    {
        var committed = await BeginAsync();
        Assert.Equal(BranchOutcome.Committed, (await committed.CommitOnePhaseAsync(default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await Resource.FindOutcomeAsync(committed.Id, null, default)).Outcome);

        var rolledBack = await BeginAsync();
        await rolledBack.DisposeAsync();
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.FindOutcomeAsync(rolledBack.Id, null, default)).Outcome);
    }

    [Fact]
    public async Task Scan_OfForeignXids_TakesNoneForOurs()
    {
        var ours = TestIds.NewBranch(Participant);
        string[] foreign = [
            "X'00ff27',X'',5",
            $"'{ours.Transaction}','{ours.Branch}',1",
            $"'{ours.Transaction}','',{BranchId.XaFormatId}",
            $"'{ours.Transaction}','{ours.Branch}extra12345',{BranchId.XaFormatId}",
            $"'{ours.Gid[..40]}','{ours.Gid[40..]}',{BranchId.XaFormatId}",
            $"'a\\'b\"','0x00',{BranchId.XaFormatId}"];
        foreach (var xid in foreign)
            await Database.QueryAsync($"XA START {xid}; INSERT INTO account VALUES ({TestDatabase.NewRow()}, 1); XA END {xid}; XA PREPARE {xid};");

        var scan = await Resource.ListPreparedAsync(default);
        Assert.DoesNotContain(scan.Branches, branch => branch.Id == ours);
        Assert.All(scan.Branches, branch => Assert.DoesNotContain(branch.Raw, char.IsControl));
        Assert.Equal(foreign.Length, scan.Branches.Count(branch => branch.Id is null));
        foreach (var xid in foreign)
            await Eventually.AssertAsync(
                async () => await Record.ExceptionAsync(() => Database.QueryAsync($"XA ROLLBACK {xid};")) is null,
                TimeSpan.FromSeconds(5),
                "the foreign branch is rolled back");
    }

    /// <summary>A late branch of an id that was rolled back cannot write: the fence has its key.</summary>
    [Fact]
    public async Task Rollback_FencesTheId()
    {
        var branch = TestIds.NewBranch(Participant);
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(branch, null, default)).Outcome);
        var row = TestDatabase.NewRow();
        await using (var late = await Resource.BeginAsync(branch, TestWork.Options, default))
            await Assert.ThrowsAnyAsync<DbException>(() => late.InsertAsync(row));
        await using (var later = await Resource.BeginAsync(branch, TestWork.Options, default))
            Assert.IsType<Vote.No>(await later.PrepareAsync(default));
        Assert.False(await Database.HasRowAsync(row));
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.FindOutcomeAsync(branch, null, default)).Outcome);
    }

    /// <summary>
    /// Scenario: XA COMMIT was answered OK, yet the storage engine still holds the branch, unlisted (here: its witness row
    /// is locked by a transaction of another name). Expected: not a success, and a call for an operator.
    /// </summary>
    [Fact]
    public async Task HiddenBranch_IsNeverASuccess()
    {
        var branch = TestIds.NewBranch(Participant);
        var disguise = $"'{branch.Transaction}','hidden',5";
        await Database.QueryAsync($"XA START {disguise}; {Witness.Insert(branch, sessionNumber: 1, DateTimeOffset.UtcNow.ToUnixTimeSeconds())}; XA END {disguise}; XA PREPARE {disguise};");

        foreach (var report in (BranchReport[])[
            await Resource.CommitAsync(branch, null, default),
            await Resource.RollbackAsync(branch, null, default),
            await Resource.FindOutcomeAsync(branch, null, default)])
        {
            Assert.Equal(BranchOutcome.Prepared, report.Outcome);
            Assert.True(report.NeedsOperator);
        }

        await Database.QueryAsync($"XA COMMIT {disguise};");
        Assert.Equal(BranchOutcome.Committed, (await Resource.FindOutcomeAsync(branch, null, default)).Outcome);
    }

    /// <summary>A session is looked for by the row of a branch that it has finished; meanwhile it has another.</summary>
    [Fact]
    public async Task SessionThatWentOn_IsNotEnded()
    {
        await using var other = Database.CreateResource();
        await other.AttachAsync(default);
        var finished = await BeginAsync();
        await finished.InsertAsync(TestDatabase.NewRow());
        var vote = Assert.IsType<Vote.Prepared>(await finished.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await finished.CommitAsync(default)).Outcome);

        await using var next = await BeginAsync();
        Assert.True(Evidence.TryParse(vote.Evidence, out var evidence));
        Assert.Equal(evidence.ConnectionId, await ConnectionOfAsync(next));
        Assert.Equal(BranchOutcome.Committed, (await other.RollbackAsync(finished.Id, null, default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await other.CommitAsync(finished.Id, vote.Evidence, default)).Outcome);
        Assert.IsType<Vote.Prepared>(await next.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await next.CommitAsync(default)).Outcome);
    }

    /// <summary>
    /// Scenario: an uncommitted row of before a restart names a connection whose number another session has now.
    /// Expected: that session is left alone.
    /// </summary>
    [Fact]
    public async Task SessionOfTheSameNumberAfterARestart_IsNotEnded()
    {
        await using var innocent = await BeginAsync();
        var number = (7UL << 32) | await ConnectionOfAsync(innocent);
        var branch = TestIds.NewBranch(Participant);
        await Database.QueryAsync(
            $"{Xid.Start(branch)}; {Witness.Insert(branch, number, DateTimeOffset.UtcNow.ToUnixTimeSeconds())}; {Xid.End(branch)}; {Xid.Prepare(branch)};");

        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(branch, null, default)).Outcome);
        Assert.IsType<Vote.Prepared>(await innocent.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await innocent.CommitAsync(default)).Outcome);
    }

    /// <summary>What is sent behind it, the check of its rows too, would be part of its comment.</summary>
    [Theory]
    [InlineData("/* one */ /* two")]
    [InlineData("/*/")]
    public async Task Deferred_LeavesACommentOpen_IsRefused(string comment)
    {
        await using var session = await BeginAsync();
        Assert.Throws<NotSupportedException>(() => session.Defer("DELETE FROM account WHERE id = -1 " + comment));
    }

    /// <summary>Where the driver sees another end of a comment than the server, it does not find the next one's parameters.</summary>
    [Theory]
    [InlineData("#* note")]
    [InlineData("--\tdon't")]
    [InlineData("/*/ don't */")]
    [InlineData("-- don't")]
    public async Task Deferred_BehindAComment_GetsItsParameters(string comment)
    {
        var row = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        session.Defer($"INSERT INTO account VALUES ({row}, 1) {comment}");
        session.Defer($"UPDATE account SET balance = @balance WHERE id = {row}", parameters: ("@balance", 42));
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.Single(await Database.QueryAsync($"SELECT id FROM account WHERE id = {row} AND balance = 42;"));
    }

    [Fact]
    public async Task Trim_DeletesTheOldOnly_NeverThePrepared_AndMissingRowsProveNothingThen()
    {
        var old = await BeginAsync();
        var oldVote = Assert.IsType<Vote.Prepared>(await old.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await old.CommitAsync(default)).Outcome);
        await Database.QueryAsync("UPDATE coordinator_witness SET created_at = created_at - 1000;");
        var prepared = await BeginAsync();
        var vote = Assert.IsType<Vote.Prepared>(await prepared.PrepareAsync(default));

        await Resource.TrimAsync(TimeSpan.FromSeconds(500), default);
        Assert.Empty(await Database.QueryAsync("SELECT gid FROM coordinator_witness;"));
        Assert.True(Evidence.TryParse(oldVote.Evidence, out var evidence));
        var aged = (evidence with { BegunAt = evidence.BegunAt - 1000 }).ToString();
        Assert.Equal(BranchOutcome.Unknown, (await Resource.FindOutcomeAsync(old.Id, aged, default)).Outcome);

        await Resource.TrimAsync(TimeSpan.Zero, default);
        Assert.Equal(BranchOutcome.Committed, (await prepared.CommitAsync(default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await Resource.FindOutcomeAsync(prepared.Id, vote.Evidence, default)).Outcome);
    }

    [Fact]
    public async Task Attach_WithoutRights_PrintsWhatToRun()
    {
        var login = $"poor_{Database.Name}";
        var database = await TestDatabase.CreateAsync(Database.Server);
        await Database.QueryAsync($"CREATE USER '{login}'@'127.0.0.1' IDENTIFIED BY 'p'; GRANT SELECT ON {database.Name}.account TO '{login}'@'127.0.0.1';");
        await using var resource = new MySqlResourceManager(new MySqlOptions(new DbConnectionStringBuilder
        {
            ConnectionString = database.Server.AdminConnectionString(database.Name),
            ["User ID"] = login,
            ["Password"] = "p",
        }.ConnectionString));
        var refused = await Assert.ThrowsAsync<ResourceRefusedException>(() => resource.AttachAsync(default));

        await database.QueryAsync(refused.Message[refused.Message.IndexOf("USE `", StringComparison.Ordinal)..]);
        Assert.NotNull(await resource.AttachAsync(default));
        await resource.RememberAsync(TestIds.Mark(TestIds.NewCluster(), 1, 1), default);
        await resource.TrimAsync(TimeSpan.FromDays(1), default);
        await using var session = await resource.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await using var other = new MySqlResourceManager(new MySqlOptions(Database.Server.AdminConnectionString(database.Name)));
        await other.AttachAsync(default);
        Assert.Equal(BranchOutcome.Committed, (await resource.CommitAsync(session.Id, null, default)).Outcome);
    }

    [Fact]
    public async Task Witnessless_BranchHasNoRow()
    {
        await using var resource = Database.CreateResource(witness: false);
        await resource.AttachAsync(default);
        await using var session = await resource.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);
        await session.InsertAsync(TestDatabase.NewRow());
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);

        Assert.Empty(await Database.QueryAsync("SELECT gid FROM coordinator_witness;"));
        Assert.Equal(BranchOutcome.Unknown, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.Unknown, (await resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
    }

    [Fact]
    public async Task ReusedSession_KeepsNothingOfTheBranchBefore()
    {
        await using var resource = Database.CreateResource(workPoolSize: 1);
        await resource.AttachAsync(default);
        await using (var first = await resource.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default))
            await first.Connection.ExecuteAsync("SET SESSION sql_mode = 'ANSI_QUOTES'");
        await using var second = await resource.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);
        await using var command = second.Connection.CreateCommand();
        command.CommandText = "SELECT @@sql_mode";
        Assert.NotEqual("ANSI_QUOTES", await command.ExecuteScalarAsync());
    }

    protected async Task<IBranchSession> BeginAsync() =>
        await Resource.BeginAsync(TestIds.NewBranch(Participant), TestWork.Options, default);

    private static async Task<ulong> ConnectionOfAsync(IBranchSession session)
    {
        await using var command = session.Connection.CreateCommand();
        command.CommandText = "SELECT CONNECTION_ID()";
        return Convert.ToUInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }
}
