using System.Data;
using System.Data.Common;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.ResourceManagers.Tests.Postgres;

/// <summary>What PREPARE TRANSACTION refuses, silently or not.</summary>
public sealed class PrepareTraps(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task FailedTransaction_BehindTheWrapper_PrepareSaysRollback_VotesNo()
    {
        await using var session = await fixture.BeginAsync();
        await Assert.ThrowsAsync<PostgresException>(() => session.DriverConnection.ExecuteAsync("SELECT 1 / 0"));
        Assert.Null(session.PoisonReason);

        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
    }

    [Theory]
    [InlineData("ROLLBACK")]
    [InlineData("COMMIT; BEGIN; SELECT pg_current_xact_id()")]
    public async Task TransactionEndedBehindTheWrapper_VotesNoAndLeavesNothing(string statements)
    {
        await using var session = await fixture.BeginAsync();
        await session.DriverConnection.ExecuteAsync(statements);

        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.DoesNotContain((await fixture.Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
    }

    /// <summary>The proof asks for what the session remembers, and a function of the work may make it forget.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SettingsResetByAFunction_IsProvenAnewOrRefused_AndLeavesNothing(bool isFirst)
    {
        await fixture.Database.QueryAsync(
            "CREATE OR REPLACE FUNCTION reset_all() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'RESET ALL'; RETURN 1; END $$;");
        await using var session = await fixture.BeginAsync();
        if (!isFirst)
            await session.InsertAsync(TestDatabase.NewRow());
        session.Defer("SELECT reset_all()");
        var vote = await session.PrepareAsync(default);
        if (isFirst)
        {
            Assert.IsType<Vote.No>(vote);
        }
        else
        {
            Assert.IsType<Vote.Prepared>(vote);
            Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
        }

        Assert.DoesNotContain((await fixture.Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
    }

    [Theory]
    [InlineData("CREATE TEMPORARY TABLE t (i int)")]
    [InlineData("NOTIFY something")]
    [InlineData("LISTEN something")]
    [InlineData("DECLARE c CURSOR WITH HOLD FOR SELECT 1")]
    [InlineData("SELECT pg_export_snapshot()")]
    [InlineData("SELECT pg_advisory_lock(4711), pg_advisory_xact_lock(4711)")]
    public async Task UnsupportedFeature_VotesNo(string statement)
    {
        await using var session = await fixture.BeginAsync();
        await session.Connection.ExecuteAsync(statement);

        Assert.NotEmpty(Assert.IsType<Vote.No>(await session.PrepareAsync(default)).Reason);
    }

    [Fact]
    public async Task DeferredKeyViolated_VotesNo()
    {
        await fixture.Database.QueryAsync(
            "CREATE TABLE owner (id int PRIMARY KEY); CREATE TABLE owned (id int REFERENCES owner DEFERRABLE INITIALLY DEFERRED);");
        await using var session = await fixture.BeginAsync();
        await session.Connection.ExecuteAsync("INSERT INTO owned VALUES (1)");
        await using var deferred = await fixture.BeginAsync();
        await using (var command = deferred.Connection.CreateCommand())
        {
            command.CommandText = "INSERT INTO owned VALUES (2)";
            deferred.Defer(command, expectedRows: 1);
        }

        Assert.StartsWith("23503", Assert.IsType<Vote.No>(await deferred.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        Assert.StartsWith("23503", Assert.IsType<Vote.No>(await session.PrepareAsync(default)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WriteSkew_Serializable_OneVotesNo()
    {
        var serializable = new BranchOptions(TimeSpan.FromSeconds(2), IsolationLevel.Serializable);
        await using var first = await fixture.BeginAsync(serializable);
        await using var second = await fixture.BeginAsync(serializable);
        foreach (var session in (IBranchSession[])[first, second])
            await session.Connection.ExecuteAsync("SELECT count(*) FROM account");
        await first.InsertAsync(TestDatabase.NewRow());
        await second.InsertAsync(TestDatabase.NewRow());

        Assert.IsType<Vote.Prepared>(await first.PrepareAsync(default));
        Assert.StartsWith("40001", Assert.IsType<Vote.No>(await second.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        Assert.Equal(BranchOutcome.Committed, (await first.CommitAsync(default)).Outcome);
    }

    [Fact]
    public async Task GidTakenByAnother_VotesNoAndLeavesTheOther()
    {
        await using var session = await fixture.BeginAsync();
        await fixture.Database.QueryAsync($"BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION '{session.Id.Gid}';");

        Assert.StartsWith("42710", Assert.IsType<Vote.No>(await session.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        Assert.Contains((await fixture.Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
        await fixture.Database.FinishByHandAsync(session.Id, commit: false);
    }

    /// <summary>The same where the work had ended the branch's transaction: PREPARE does nothing then, and no error says so.</summary>
    [Fact]
    public async Task GidTakenByAnother_TransactionEnded_VotesNoAndLeavesTheOther()
    {
        await using var session = await fixture.BeginAsync();
        await session.DriverConnection.ExecuteAsync("ROLLBACK");
        await fixture.Database.QueryAsync($"BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION '{session.Id.Gid}';");

        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.Contains((await fixture.Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
        await fixture.Database.FinishByHandAsync(session.Id, commit: false);
    }

    [Fact]
    public async Task ReadOnly_VotesReadOnlyOnlyWhenItMay()
    {
        await using var plain = await fixture.BeginAsync();
        await plain.Connection.ExecuteAsync("SELECT 1");
        Assert.IsType<Vote.Prepared>(await plain.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await plain.CommitAsync(default)).Outcome);

        var mayVoteReadOnly = TestWork.Options with { MayVoteReadOnly = true };
        await using var reader = await fixture.BeginAsync(mayVoteReadOnly);
        await reader.Connection.ExecuteAsync("UPDATE account SET balance = 0 WHERE id = -1");
        Assert.IsType<Vote.ReadOnly>(await reader.PrepareAsync(default));

        await using var idle = await fixture.BeginAsync(mayVoteReadOnly);
        Assert.IsType<Vote.ReadOnly>(await idle.PrepareAsync(default));

        foreach (var expected in (Type[])[typeof(Vote.ReadOnly), typeof(Vote.No)])
        {
            await using var deferring = await fixture.BeginAsync(mayVoteReadOnly);
            await using var command = deferring.Connection.CreateCommand();
            command.CommandText = "UPDATE account SET balance = 0 WHERE id = -1";
            deferring.Defer(command, expectedRows: expected == typeof(Vote.No) ? 1 : 0);
            Assert.IsType(expected, await deferring.PrepareAsync(default));
        }

        await using var writer = await fixture.BeginAsync(mayVoteReadOnly);
        await using (var command = writer.Connection.CreateCommand())
        {
            command.CommandText = "INSERT INTO account SELECT coalesce(max(id), 0) + 1000000, 1 FROM account";
            writer.Defer(command, expectedRows: 1);
        }

        Assert.IsType<Vote.Prepared>(await writer.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await writer.CommitAsync(default)).Outcome);
    }

    /// <summary>The pool keeps sessions as they are, so what a branch leaves in one is looked for, and cleaned.</summary>
    [Theory]
    [InlineData("SET search_path = pg_catalog")]
    [InlineData("SELECT set_config('search_path', 'pg_catalog', false)")]
    [InlineData("DEALLOCATE ALL")]
    public async Task ReusedSession_KeepsNothingOfTheBranchBefore(string statement)
    {
        await using var resource = fixture.Database.CreateResource(workPoolSize: 1);
        await resource.AttachAsync(default);
        for (var i = 0; i < 2; i++)
        {
            await using var session = await resource.BeginAsync(TestIds.NewBranch(fixture.Participant), TestWork.Options, default);
            await using var command = session.Connection.CreateCommand();
            command.CommandText = "SELECT current_setting('search_path')";
            Assert.Equal("\"$user\", public", await command.ExecuteScalarAsync());
            await session.Connection.ExecuteAsync(statement);
            Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
            Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        }
    }

    /// <summary>
    /// Scenario: PREPARE is under way (a deferred trigger sleeps in it) when the coordinator gives the branch up.
    /// Expected: its session is ended first, and no orphan appears afterwards.
    /// </summary>
    [Fact]
    public async Task LatePrepare_RollbackEndsTheSessionFirst()
    {
        await fixture.Database.QueryAsync(
            """
            CREATE TABLE slow (id int);
            CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleep();
            """);
        await using var session = await fixture.BeginAsync();
        await session.Connection.ExecuteAsync("INSERT INTO slow VALUES (1)");
        var preparing = session.PrepareAsync(default);
        await Eventually.AssertAsync(
            async () => (await fixture.Database.QueryAsync(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database();")).Count > 0,
            TimeSpan.FromSeconds(5),
            "PREPARE is under way");

        Assert.Equal(BranchOutcome.RolledBack, (await fixture.Resource.RollbackAsync(session.Id, null, default)).Outcome);
        await Assert.ThrowsAnyAsync<DbException>(() => preparing);
        Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
        Assert.DoesNotContain((await fixture.Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
    }
}
