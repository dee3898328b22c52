using System.Data.Common;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests;

/// <summary>A branch begins in the round trip of its first statement, and nobody sees that.</summary>
public abstract partial class ResourceManagerConformance
{
    private string Sleep => Database.IsPostgres ? "SELECT pg_sleep(30)" : "SELECT SLEEP(30)";

    [Fact]
    public async Task FirstStatement_ChangesRows_TellsHowMany()
    {
        var (one, two) = await InsertTwoRowsAsync();
        var update = $"UPDATE account SET balance = 7 WHERE id IN ({one}, {two})";

        await using (var session = await BeginAsync())
            Assert.Equal(2, await session.Connection.ExecuteAsync(update));
        await using (var session = await BeginAsync())
        {
            await using var command = Command(session, update + ";");
            Assert.Equal(2, command.ExecuteNonQuery());
        }

        await using (var session = await BeginAsync())
        {
            await using var command = Command(session, update);
            await using var reader = await command.ExecuteReaderAsync();
            Assert.False(await reader.ReadAsync());
            Assert.Equal(0, reader.FieldCount);
            Assert.False(await reader.NextResultAsync());
            Assert.Equal(2, reader.RecordsAffected);
        }
    }

    [Fact]
    public async Task FirstStatement_ChangesNoRow_TellsNone()
    {
        await using var session = await BeginAsync();
        Assert.Equal(0, await session.Connection.ExecuteAsync("UPDATE account SET balance = 7 WHERE id = -1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FirstStatement_Query_ReturnsItsRowsAlone(bool async)
    {
        var (one, two) = await InsertTwoRowsAsync();
        var query = $"SELECT id, balance FROM account WHERE id IN ({one}, {two}) ORDER BY id";

        await using (var session = await BeginAsync())
        {
            await using var command = Command(session, query);
            await using var reader = async ? await command.ExecuteReaderAsync() : command.ExecuteReader();
            Assert.Equal(-1, reader.RecordsAffected);
            Assert.Equal("balance", reader.GetName(1));
            foreach (var id in (int[])[one, two])
            {
                Assert.True(async ? await reader.ReadAsync() : reader.Read());
                Assert.Equal(id, reader.GetInt32(0));
            }

            Assert.False(async ? await reader.ReadAsync() : reader.Read());
            Assert.False(async ? await reader.NextResultAsync() : reader.NextResult());
        }

        await using (var session = await BeginAsync())
        {
            await using var command = Command(session, query);
            Assert.Equal(one, async ? await command.ExecuteScalarAsync() : command.ExecuteScalar());
        }

        await using (var session = await BeginAsync())
        {
            await using var command = Command(session, query);
            Assert.Equal(-1, async ? await command.ExecuteNonQueryAsync() : command.ExecuteNonQuery());
        }
    }

    [Fact]
    public async Task FirstStatement_SeveralResultSets_AreAllThere()
    {
        var row = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        await using (var command = Command(session, $"SELECT 1; INSERT INTO account VALUES ({row}, 5); SELECT 2, 3"))
        {
            await using var reader = await command.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync());
            Assert.Equal(1, Convert.ToInt32(reader.GetValue(0), null));
            Assert.True(await reader.NextResultAsync());
            Assert.True(await reader.ReadAsync());
            Assert.Equal(2, reader.FieldCount);
            Assert.False(await reader.NextResultAsync());
            Assert.Equal(1, reader.RecordsAffected);
        }

        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FirstStatement_WithParameters_GetsThem(bool named)
    {
        var row = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        await using (var command = Insert(session, row, named))
        {
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
            // The command is the caller's own as before.
            Assert.Equal(2, command.Parameters.Count);
            Assert.StartsWith("INSERT", command.CommandText, StringComparison.Ordinal);
            command.Parameters[0].Value = -row;
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
        Assert.True(await Database.HasRowAsync(-row));
    }

    [Fact]
    public async Task FirstStatement_Prepared_IsPartOfTheBranch()
    {
        var row = TestDatabase.NewRow();
        await using var session = await BeginAsync();
        await using (var command = Insert(session, row, named: true))
        {
            await command.PrepareAsync();
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        await session.DisposeAsync();
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task FirstStatement_Fails_VotesNo_AndTheSessionServesTheNext()
    {
        var (row, _) = await InsertTwoRowsAsync();
        await using var narrow = Database.CreateResource(workPoolSize: 1);
        await narrow.AttachAsync(default);
        foreach (var statement in (string[])[$"INSERT INTO account VALUES ({row}, 1)", "SELECT nonsense"])
        {
            await using var session = await narrow.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
            await Assert.ThrowsAnyAsync<DbException>(() => session.Connection.ExecuteAsync(statement));
            Assert.NotNull(session.PoisonReason);
            Assert.IsType<Vote.No>(await session.PrepareAsync(default));
            Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
        }

        await using var next = await narrow.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
        await next.InsertAsync(TestDatabase.NewRow());
        Assert.IsType<Vote.Prepared>(await next.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await next.CommitAsync(default)).Outcome);
    }

    [Fact]
    public async Task FirstStatement_Cancelled_VotesNo()
    {
        await using var session = await BeginAsync();
        using var cancel = new CancellationTokenSource();
        var running = session.Connection.ExecuteAsync(Sleep, cancel.Token);
        await Eventually.AssertAsync(IsSleepingAsync, TimeSpan.FromSeconds(5), "the statement runs");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(5)));

        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(session.Id, null, default)).Outcome);
    }

    [Fact]
    public async Task FirstStatement_LockHeldElsewhere_FailsAfterTheLockTimeout()
    {
        var (holder, row) = await BeginWithRowAsync();
        await using var waiter = await Resource.BeginAsync(
            TestIds.NewBranch(_participant), new BranchOptions(TimeSpan.FromSeconds(1)), default);
        await Assert.ThrowsAnyAsync<DbException>(() => waiter.InsertAsync(row));
        Assert.IsType<Vote.No>(await waiter.PrepareAsync(default));
        await holder.DisposeAsync();
    }

    [Fact]
    public async Task FirstStatement_OfABranchThatIsAtWork_IsNotRun()
    {
        var (session, _) = await BeginWithRowAsync();
        await using var other = Database.CreateResource();
        await other.AttachAsync(default);
        var row = TestDatabase.NewRow();
        await using var second = await other.BeginAsync(session.Id, TestWork.Options, default);

        var refused = await Assert.ThrowsAsync<Work.BranchTakenException>(() => second.InsertAsync(row));
        Assert.Contains("elsewhere", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second.InsertAsync(row));
        Assert.Contains("elsewhere", Assert.IsType<Vote.No>(await second.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        Assert.Equal(BranchOutcome.Active, (await Resource.FindOutcomeAsync(session.Id, null, default)).Outcome);

        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Prepare_OfABranchThatIsAtWorkElsewhere_VotesNoAndLeavesTheOther()
    {
        var (session, row) = await BeginWithRowAsync();
        await using var other = Database.CreateResource();
        await other.AttachAsync(default);
        await using var second = await other.BeginAsync(session.Id, TestWork.Options, default);

        Assert.Contains("elsewhere", Assert.IsType<Vote.No>(await second.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Prepare_WithoutAnyStatement_IsPrepared()
    {
        await using var session = await BeginAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Contains((await Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
    }

    [Fact]
    public async Task DriverConnection_AsTheFirst_IsInTheBranch()
    {
        var row = TestDatabase.NewRow();
        var session = await BeginAsync();
        await session.DriverConnection.ExecuteAsync($"INSERT INTO account VALUES ({row}, 1)");
        await session.DisposeAsync();

        Assert.False(await Database.HasRowAsync(row));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Configure_HoldsForTheBranchAlone(bool isFirst)
    {
        await using var resource = Database.CreateResource(workPoolSize: 1);
        await resource.AttachAsync(default);
        var name = Database.IsPostgres ? "timezone" : "time_zone";
        var show = Database.IsPostgres ? "SELECT current_setting('timezone')" : "SELECT CAST(FROM_UNIXTIME(0) AS CHAR)";
        var asked = Database.IsPostgres ? "Asia/Tokyo" : "+09:00";
        var usual = "";
        foreach (var configures in (bool[])[false, true, true, false])
        {
            await using var session = await resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
            if (!isFirst)
                await session.Connection.ExecuteAsync("SELECT 1");
            if (configures)
                await session.ConfigureAsync(new Dictionary<string, string> { [name] = asked }, default);
            await using var command = Command(session, show);
            var shown = (string)(await command.ExecuteScalarAsync())!;
            usual = usual.Length == 0 ? shown : usual;
            Assert.Equal(configures, shown != usual);
            Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
            Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        }
    }

    [Theory]
    [InlineData("time_zone", "x'; DROP TABLE account; --")]
    [InlineData("time_zone = 1, x", "1")]
    [InlineData("", "1")]
    public async Task Configure_NotPlain_IsRefused(string name, string value)
    {
        await using var session = await BeginAsync();
        await Assert.ThrowsAsync<ArgumentException>(
            () => session.ConfigureAsync(new Dictionary<string, string> { [name] = value }, default));
    }

    /// <summary>Sessions that were unused for a while are looked at first: nothing was sent, so another one serves.</summary>
    [Fact]
    public async Task Begin_UnusedSessionsAreDead_TakesAnother()
    {
        await using var resource = Database.CreateResource(freshFor: TimeSpan.Zero);
        await resource.AttachAsync(default);
        await UseAndKillSessionsAsync(resource);

        await using var session = await resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
        await session.InsertAsync(TestDatabase.NewRow());
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
    }

    /// <summary>A statement that was sent may have run: it fails, and is not run again behind its caller's back.</summary>
    [Fact]
    public async Task FirstStatement_OnADeadSession_FailsAndTheNextBranchWorks()
    {
        await using var resource = Database.CreateResource(freshFor: TimeSpan.FromMinutes(1));
        await resource.AttachAsync(default);
        await UseAndKillSessionsAsync(resource);

        var row = TestDatabase.NewRow();
        await using (var session = await resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => session.InsertAsync(row));
            Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        }

        Assert.False(await Database.HasRowAsync(row));
        await using var next = await resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
        await next.InsertAsync(row);
        Assert.IsType<Vote.Prepared>(await next.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await next.CommitAsync(default)).Outcome);
    }

    private async Task UseAndKillSessionsAsync(IResourceManager resource)
    {
        await using (var session = await resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default))
            await session.Connection.ExecuteAsync("SELECT 1");
        if (Database.IsPostgres)
        {
            await Database.QueryAsync(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();");
            return;
        }

        foreach (var id in await Database.QueryAsync($"SELECT id FROM information_schema.processlist WHERE db = '{Database.Name}' AND id <> CONNECTION_ID();"))
            await Database.QueryAsync($"KILL {id};");
        await Eventually.AssertAsync(
            async () => (await Database.QueryAsync(
                $"SELECT id FROM information_schema.processlist WHERE db = '{Database.Name}' AND id <> CONNECTION_ID();")).Count == 0,
            TimeSpan.FromSeconds(5),
            "the sessions are gone");
    }

    private Task<IBranchSession> BeginAsync() => Resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);

    private async Task<(int One, int Two)> InsertTwoRowsAsync()
    {
        var (one, two) = (TestDatabase.NewRow(), TestDatabase.NewRow());
        await Database.QueryAsync($"INSERT INTO account VALUES ({one}, 1), ({two}, 1);");
        return (one, two);
    }

    private DbCommand Insert(IBranchSession session, int row, bool named)
    {
        var text = named ? "@id, @balance" : Database.IsPostgres ? "$1, $2" : "?, ?";
        var command = Command(session, $"INSERT INTO account VALUES ({text})");
        Add(command, named ? "@id" : "", row);
        Add(command, named ? "@balance" : "", 100);
        return command;
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA2100", Justification = "The tests' own constants.")]
    private static DbCommand Command(IBranchSession session, string text)
    {
        var command = session.Connection.CreateCommand();
        command.CommandText = text;
        return command;
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}
