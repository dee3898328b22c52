using System.Data.Common;
using Coordinator.ResourceManagers.MySql;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests;

/// <summary>Statements that wait for the prepare and share its round trip.</summary>
public abstract partial class ResourceManagerConformance
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Deferred_Alone_IsPreparedAndCommitted(bool named, bool isFirst)
    {
        var row = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        if (!isFirst)
            await session.InsertAsync(TestDatabase.NewRow());
        await using (var command = Insert(session, row, named))
        {
            session.Defer(command, expectedRows: 1);
            // The text and the parameters were taken.
            command.Parameters[0].Value = -row;
            command.CommandText = "SELECT nonsense";
        }

        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.False(await Database.HasRowAsync(row));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
        Assert.False(await Database.HasRowAsync(-row));
    }

    /// <summary>Two with one parameter name, one that counts its parameters, one without any, behind an ordinary one.</summary>
    [Fact]
    public async Task Deferred_Several_RunInOrderBehindTheOthers()
    {
        var (one, two, three) = (TestDatabase.NewRow(), TestDatabase.NewRow(), TestDatabase.NewRow());
        await using var session = await BeginAsync();
        await session.InsertAsync(one);
        foreach (var command in (DbCommand[])[Insert(session, two, named: true), Insert(session, three, named: true), Insert(session, -three, named: false)])
        {
            session.Defer(command, expectedRows: 1);
            await command.DisposeAsync();
        }

        await using (var command = Command(session, $"UPDATE account SET balance = balance + 1 WHERE id IN ({one}, {two}, {three});"))
            session.Defer(command, expectedRows: 3);

        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.Equal(3, (await Database.QueryAsync($"SELECT id FROM account WHERE id IN ({one}, {two}, {three}) AND balance = 101;")).Count);
        Assert.True(await Database.HasRowAsync(-three));
    }

    /// <summary>What is sent behind it must not become part of its comment.</summary>
    [Theory]
    [InlineData(" -- why", true)]
    [InlineData(" -- why", false)]
    [InlineData(" -- why;\n", true)]
    [InlineData(" /* why */", true)]
    public async Task Deferred_EndsInAComment_IsPreparedAndItsRowsCounted(string comment, bool isAlone)
    {
        var (row, other) = await InsertTwoRowsAsync();
        await using (var session = await BeginAsync())
        {
            session.Defer($"UPDATE account SET balance = 7 WHERE id = {row}{comment}", expectedRows: 1);
            if (!isAlone)
                session.Defer($"UPDATE account SET balance = 7 WHERE id = {other}{comment}", expectedRows: 1);
            Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
            Assert.Contains((await Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
            Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        }

        await using var counted = await BeginAsync();
        counted.Defer($"UPDATE account SET balance = 8 WHERE id = {row}{comment}", expectedRows: 2);
        if (!isAlone)
            counted.Defer($"UPDATE account SET balance = 8 WHERE id = {other}{comment}", expectedRows: 1);
        Assert.IsType<Vote.No>(await counted.PrepareAsync(default));
        Assert.Single(await Database.QueryAsync($"SELECT id FROM account WHERE id = {row} AND balance = 7;"));
    }

    [Fact]
    public async Task Deferred_WithAResult_IsPrepared()
    {
        await using var session = await BeginAsync();
        session.Defer("SELECT id, balance, 'x' FROM account");
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deferred_Fails_VotesNoWithTheReason(bool isFirst)
    {
        var (row, _) = await InsertTwoRowsAsync();
        var own = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        if (!isFirst)
            await session.InsertAsync(own);
        session.Defer($"INSERT INTO account VALUES ({own + 1_000_000}, 1)");
        session.Defer($"INSERT INTO account VALUES ({row}, 1)");

        var no = Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.StartsWith(Database.IsPostgres ? "23505" : "1062", no.Reason, StringComparison.Ordinal);
        await AssertNothingIsLeftAsync(session, own, own + 1_000_000);
    }

    [Theory]
    [InlineData(true, true, 2)]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 2)]
    [InlineData(false, false, 0)]
    public async Task Deferred_OtherNumberOfRows_VotesNo(bool isAlone, bool isFirst, int expectedRows)
    {
        var (one, _) = await InsertTwoRowsAsync();
        var own = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        if (!isFirst)
            await session.InsertAsync(own);
        session.Defer($"UPDATE account SET balance = 7 WHERE id = {one}", expectedRows);
        if (!isAlone)
            session.Defer($"INSERT INTO account VALUES ({own + 1_000_000}, 1)", 1);

        var no = Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.Contains("rows", no.Reason, StringComparison.Ordinal);
        await AssertNothingIsLeftAsync(session, own, own + 1_000_000);
        Assert.Empty(await Database.QueryAsync($"SELECT id FROM account WHERE id = {one} AND balance = 7;"));
    }

    [Fact]
    public async Task Deferred_LockHeldElsewhere_VotesNo()
    {
        var (holder, row) = await BeginWithRowAsync();
        await using var waiter = await Resource.BeginAsync(
            TestIds.NewBranch(_participant), new BranchOptions(TimeSpan.FromSeconds(1)), default);
        waiter.Defer($"INSERT INTO account VALUES ({row}, 1)");

        Assert.StartsWith(Database.IsPostgres ? "55P03" : "1205", Assert.IsType<Vote.No>(await waiter.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        await holder.DisposeAsync();
    }

    [Theory]
    [InlineData("COMMIT")]
    [InlineData(" rollback;")]
    [InlineData("XA END 'x'")]
    [InlineData("PREPARE TRANSACTION 'x'")]
    public async Task Defer_ThatEndsTheTransaction_IsRefusedAndPoisons(string statement)
    {
        await using var session = await BeginAsync();
        Assert.Throws<InvalidOperationException>(() => session.Defer(statement));
        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
    }

    [Fact]
    public async Task Defer_WhatCannotBeDeferred_IsRefused()
    {
        await using var session = await BeginAsync();
        Assert.Throws<NotSupportedException>(() => session.Defer("DELETE FROM account WHERE id = -1; COMMIT"));
        await using var foreign = session.DriverConnection.CreateCommand();
        foreign.CommandText = "SELECT 1";
        Assert.Throws<ArgumentException>(() => session.Defer(foreign, null));
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.ThrowsAny<InvalidOperationException>(() => session.Defer("SELECT 1"));
        Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
    }

    [Fact]
    public async Task Deferred_PoisonedOrDisposed_IsNeverRun()
    {
        var row = TestDatabase.NewRow();
        var session = await BeginAsync();
        session.Defer($"INSERT INTO account VALUES ({row}, 1)");
        session.Poison("no");
        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        await using (var disposed = await BeginAsync())
            disposed.Defer($"INSERT INTO account VALUES ({row}, 1)");

        Assert.False(await Database.HasRowAsync(row));
    }

    /// <summary>
    /// Scenario: behind the wrapper the work ends the branch's transaction; what was deferred would then be committed by
    /// itself. Expected: a no, and nothing of it.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Deferred_TransactionEndedBehindTheWrapper_IsNotRun(bool onePhase)
    {
        var row = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        await session.DriverConnection.ExecuteAsync(Database.IsPostgres
            ? "ROLLBACK"
            : $"{Xid.End(session.Id)}; {Xid.Rollback(session.Id)}");
        session.Defer($"INSERT INTO account VALUES ({row}, 1)");

        if (onePhase)
            Assert.NotEqual(BranchOutcome.Committed, (await session.CommitOnePhaseAsync(default)).Outcome);
        else
            Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.False(await Database.HasRowAsync(row));
    }

    /// <summary>
    /// Scenario: the session is killed while a deferred statement runs, and PREPARE stands behind it.
    /// Expected: no answer; the rollback proves that nothing is left, and no phantom appears.
    /// </summary>
    [Fact]
    public async Task Deferred_SessionKilledInTheMiddle_IsUnknownAndThenRolledBack()
    {
        var row = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        session.Defer($"INSERT INTO account VALUES ({row}, 1)");
        session.Defer(Sleep);
        var preparing = session.PrepareAsync(default);
        await Eventually.AssertAsync(IsSleepingAsync, TimeSpan.FromSeconds(5), "the deferred statement runs");
        await Database.QueryAsync(Database.IsPostgres
            ? "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database();"
            : $"KILL {(await Database.QueryAsync($"SELECT id FROM information_schema.processlist WHERE db = '{Database.Name}' AND state = 'User sleep';"))[0]};");

        await Assert.ThrowsAnyAsync<DbException>(() => preparing);
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(session.Id, null, default)).Outcome);
        await AssertNothingIsLeftAsync(session, row);
    }

    [Fact]
    public async Task CommitOnePhase_WithDeferred_CommitsAllOrNothing()
    {
        var (taken, _) = await InsertTwoRowsAsync();
        var (one, two) = (TestDatabase.NewRow(), TestDatabase.NewRow());
        await using (var session = await BeginAsync())
        {
            await session.InsertAsync(one);
            session.Defer($"INSERT INTO account VALUES ({two}, 1)", 1);
            Assert.Equal(BranchOutcome.Committed, (await session.CommitOnePhaseAsync(default)).Outcome);
        }

        Assert.True(await Database.HasRowAsync(one));
        Assert.True(await Database.HasRowAsync(two));
        foreach (var (statement, expected) in ((string, int?)[])[
            ($"INSERT INTO account VALUES ({taken}, 1)", null), ($"INSERT INTO account VALUES ({two + 1_000_000}, 1)", 2)])
        {
            await using var session = await BeginAsync();
            session.Defer($"INSERT INTO account VALUES ({one + 1_000_000}, 1)");
            session.Defer(statement, expected);
            var report = await session.CommitOnePhaseAsync(default);
            Assert.Equal(BranchOutcome.RolledBack, report.Outcome);
            Assert.NotNull(report.Detail);
            await AssertNothingIsLeftAsync(session, one + 1_000_000, two + 1_000_000);
        }
    }

    private async Task AssertNothingIsLeftAsync(IBranchSession session, params int[] rows)
    {
        foreach (var row in rows)
            Assert.False(await Database.HasRowAsync(row));
        Assert.DoesNotContain((await Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
    }
}
