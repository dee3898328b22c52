using System.Data.Common;
using Coordinator.Testing;
using Npgsql;

#pragma warning disable CA2100 // Statements are constants of this file.

namespace Coordinator.Saga.Tests;

/// <summary>Steps on a real PostgreSQL: once however often they are asked, and never after their compensation.</summary>
public sealed class SqlStepTests : IAsyncLifetime
{
    private string _connectionString = "";

    public async Task InitializeAsync()
    {
        var server = await SharedServers.PostgresAsync();
        _connectionString = server.AdminConnectionString(await server.CreateDatabaseAsync());
        await using var connection = await OpenAsync(CancellationToken.None);
        await ExecuteAsync(connection, SqlSagaParticipant.Schema);
        await ExecuteAsync(connection, "CREATE TABLE account (balance int NOT NULL CHECK (balance >= 0))");
        await ExecuteAsync(connection, "INSERT INTO account VALUES (100)");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Action_AskedTwice_IsDoneOnce()
    {
        var participant = Participant();

        Assert.Null((await participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None)).Refusal);
        Assert.Null((await participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None)).Refusal);

        Assert.Equal(90, await BalanceAsync());
    }

    [Fact]
    public async Task Action_AskedManyTimesAtOnce_IsDoneOnce()
    {
        var participant = Participant();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None)));

        Assert.Equal(90, await BalanceAsync());
    }

    [Fact]
    public async Task Action_Refused_LeavesNothing()
    {
        var participant = Participant(_ => throw new StepRefusedException("closed"));

        var answer = await participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None);

        Assert.Equal("closed", answer.Refusal);
        Assert.Equal(0, await NumberAsync("SELECT COUNT(*) FROM saga_step"));
    }

    [Fact]
    public async Task Action_Fails_LeavesNothingAndMayBeAskedAgain()
    {
        var fails = true;
        var participant = Participant(_ => fails ? throw new IOException("lost") : 0);
        await Assert.ThrowsAsync<IOException>(() => participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None));

        fails = false;
        await participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None);

        Assert.Equal(90, await BalanceAsync());
    }

    [Fact]
    public async Task Compensation_AskedTwice_UndoesOnce()
    {
        var participant = Participant();
        await participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None);

        await participant.ExecuteAsync(Command(StepDirection.Compensation), CancellationToken.None);
        await participant.ExecuteAsync(Command(StepDirection.Compensation), CancellationToken.None);

        Assert.Equal(100, await BalanceAsync());
    }

    [Fact]
    public async Task Compensation_OfWhatNeverHappened_UndoesNothingAndFencesTheAction()
    {
        var participant = Participant();

        await participant.ExecuteAsync(Command(StepDirection.Compensation), CancellationToken.None);
        var late = await participant.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None);

        Assert.NotNull(late.Refusal);
        Assert.Equal(100, await BalanceAsync());
    }

    // An action is in the middle of its work; its compensation waits for it, and then undoes it.
    [Fact]
    public async Task Compensation_WhileTheActionIsUnderWay_NeverLeavesItDone()
    {
        var working = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = new SqlSagaParticipant(OpenAsync, new Dictionary<string, SqlStep>
        {
            ["pay"] = new(async (work, stop) =>
            {
                await ChangeAsync(work, -10, stop);
                working.SetResult();
                await release.Task;
            }),
        });
        var action = slow.ExecuteAsync(Command(StepDirection.Action), CancellationToken.None);
        await working.Task;

        var compensation = RepeatAsync(() => Participant().ExecuteAsync(Command(StepDirection.Compensation), CancellationToken.None));
        await Eventually.AssertAsync(
            async () => await NumberAsync("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") > 0,
            TimeSpan.FromSeconds(30),
            "the compensation waits for the action's key row");
        release.SetResult();
        await action;
        await compensation;

        Assert.Equal(100, await BalanceAsync());
    }

    [Fact]
    public async Task Step_Unknown_IsRefused()
    {
        var command = Command(StepDirection.Action) with { Step = "unheard-of" };

        await Assert.ThrowsAsync<ArgumentException>(() => Participant().ExecuteAsync(command, CancellationToken.None));
    }

    private static StepCommand Command(StepDirection direction) => new("saga", 0, "pay", direction, "");

    private SqlSagaParticipant Participant(Func<StepWork, int>? before = null) => new(OpenAsync, new Dictionary<string, SqlStep>
    {
        ["pay"] = new(
            async (work, stop) =>
            {
                before?.Invoke(work);
                await ChangeAsync(work, -10, stop);
            },
            (work, stop) => ChangeAsync(work, 10, stop)),
    });

    // As the driver does: what throws is asked again.
    private static async Task RepeatAsync(Func<Task> ask)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await ask();
                return;
            }
            catch (DbException) when (attempt < 10)
            {
            }
        }
    }

    private static async Task ChangeAsync(StepWork work, int by, CancellationToken cancellationToken)
    {
        await using var command = work.Connection.CreateCommand();
        command.Transaction = work.Transaction;
        command.CommandText = $"UPDATE account SET balance = balance + {by}";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static async Task ExecuteAsync(DbConnection connection, string statement)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = statement;
        await command.ExecuteNonQueryAsync();
    }

    private Task<long> BalanceAsync() => NumberAsync("SELECT balance FROM account");

    private async Task<long> NumberAsync(string query)
    {
        await using var connection = await OpenAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = query;
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
