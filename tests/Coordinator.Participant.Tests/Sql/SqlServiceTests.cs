using Coordinator.Contracts.V1;
using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Participant.Tests.Sql;

/// <summary>What holds on every database.</summary>
public abstract class SqlServiceTests(DatabaseKind kind) : IAsyncLifetime
{
    private protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private protected SqlHost Host { get; private set; } = null!;

    private protected abstract string P1 { get; }

    private protected abstract string P2 { get; }

    public async Task InitializeAsync()
    {
        Host = await SqlHost.StartAsync(kind);
        var characters = kind == DatabaseKind.Postgres ? "" : " CHARACTER SET utf8mb4";
        await Host.Server.QueryAsync($"CREATE TABLE item (id BIGINT PRIMARY KEY, name VARCHAR(100)){characters};", Host.Database);
    }

    public async Task DisposeAsync() => await Host.DisposeAsync();

    [Fact]
    public async Task Execute_PrepareAndCommit_TheRowIsThere()
    {
        var transaction = Ids.NewTransaction();

        var answer = await InsertAsync(transaction, 1, "one");
        Assert.Equal((1L, Host.Branch), (answer.RowsAffected, answer.Branch));
        Assert.Empty(await ItemsAsync());
        await Host.CommitAsync(transaction);

        Assert.Equal(["1"], await ItemsAsync());
    }

    [Fact]
    public async Task Execute_RolledBack_TheRowIsNotThere()
    {
        var transaction = Ids.NewTransaction();
        await InsertAsync(transaction, 1, "one");

        await Host.RollBackAsync(transaction);

        Assert.Empty(await ItemsAsync());
    }

    [Fact]
    public async Task Query_ManyRows_ComeInOrderWithTheirColumns()
    {
        var transaction = Ids.NewTransaction();
        for (var i = 0; i < 20; i++)
            await InsertAsync(transaction, i, new string('x', 90));
        // 8,000 rows: many batches.
        var (header, rows) = await Host.QueryAsync(
            transaction, "SELECT a.id * 400 + b.id * 20 + c.id AS number, c.name FROM item a, item b, item c ORDER BY 1");

        Assert.Equal(["number", "name"], header.Columns.Select(column => column.Name));
        Assert.All(header.Columns, column => Assert.NotEmpty(column.DatabaseType));
        Assert.Equal(Host.Branch, header.Branch);
        Assert.Equal(Enumerable.Range(0, 8_000).Select(i => (long)i), rows.Select(row => row.Values[0].Int64));
        await Host.RollBackAsync(transaction);
    }

    /// <summary>Refused before anything runs, so the transaction goes on.</summary>
    [Fact]
    public async Task Execute_PastALimit_IsRefusedNamingIt_AndNothingIsSpoilt()
    {
        await using var host = await SqlHost.StartAsync(kind, ("MaxSqlBytes", "64"), ("MaxParameters", "2"));
        var transaction = Ids.NewTransaction();
        await host.ExecuteAsync(transaction, "SELECT 1");

        await AssertMalformedAsync(() => host.ExecuteAsync(transaction, "SELECT '" + new string('é', 28) + "'"), "64 bytes");
        await AssertMalformedAsync(
            () => host.ExecuteAsync(transaction, "SELECT 1", new Value { Int64 = 1 }, new Value { Int64 = 2 }, new Value { Int64 = 3 }), "2 parameters");
        await host.ExecuteAsync(transaction, "SELECT '" + new string('x', 55) + "'");
        await host.CommitAsync(transaction);

        static async Task AssertMalformedAsync(Func<Task> call, string limit)
        {
            var (status, reason, failure) = await SqlHost.FailureAsync(call);
            Assert.Equal((StatusCode.InvalidArgument, Reason.Malformed), (status, reason));
            Assert.Contains(limit, failure.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Execute_Fails_PoisonsTheBranch_AndTellsTheDatabasesCode()
    {
        var transaction = Ids.NewTransaction();
        await InsertAsync(transaction, 1, "one");

        var (status, reason, failure) = await SqlHost.FailureAsync(() => InsertAsync(transaction, 1, "again"));
        Assert.Equal((StatusCode.FailedPrecondition, Reason.StatementFailed), (status, reason));
        Assert.True(Contracts.RpcErrors.TryGetErrorInfo(failure, out var info));
        Assert.Equal(DuplicateKey.Value, info.Metadata[DuplicateKey.Key]);

        Assert.Equal(
            (StatusCode.FailedPrecondition, Reason.BranchPoisoned),
            await StatusAsync(() => InsertAsync(transaction, 2, "two")));
        Assert.Equal(VoteAnswer.Types.Vote.No, (await Host.PrepareAsync(transaction)).Vote);
        Assert.Empty(await ItemsAsync());
    }

    [Fact]
    public async Task Query_EndedEarly_PoisonsTheBranch()
    {
        var transaction = Ids.NewTransaction();
        for (var i = 0; i < 20; i++)
            await InsertAsync(transaction, i, new string('x', 90));
        var call = Host.Client.Query(new QueryRequest
        {
            TransactionId = transaction.Value,
            Sql = "SELECT a.name, b.name, c.name, d.name FROM item a, item b, item c, item d",
        });
        Assert.True(await call.ResponseStream.MoveNext());

        call.Dispose();

        await Eventually.AssertAsync(
            async () => (await Record.ExceptionAsync(() => InsertAsync(transaction, 100, "more"))) is RpcException { StatusCode: StatusCode.FailedPrecondition },
            Limit,
            "the branch is poisoned");
        Assert.Equal(VoteAnswer.Types.Vote.No, (await Host.PrepareAsync(transaction)).Vote);
    }

    [Fact]
    public async Task Execute_CancelledWhileItWaits_StopsTheStatement()
    {
        var holder = Ids.NewTransaction();
        await InsertAsync(holder, 1, "one");
        var waiter = Ids.NewTransaction();
        await InsertAsync(waiter, 2, "two");

        var status = await StatusAsync(async () => await Host.Client.ExecuteAsync(
            Insert(waiter, 1, "again"), deadline: DateTime.UtcNow.AddMilliseconds(300)));

        Assert.Equal(StatusCode.DeadlineExceeded, status.Status);
        Assert.Equal(VoteAnswer.Types.Vote.No, (await Host.PrepareAsync(waiter)).Vote);
        await Host.CommitAsync(holder);
        Assert.Equal(["1"], await ItemsAsync());
    }

    [Fact]
    public async Task Prepare_WhileAStatementRuns_VotesNo_R14()
    {
        var holder = Ids.NewTransaction();
        await InsertAsync(holder, 1, "one");
        var waiter = Ids.NewTransaction();
        await InsertAsync(waiter, 2, "two");
        var running = InsertAsync(waiter, 1, "again");
        await Eventually.AssertAsync(async () => (await Host.Server.QueryAsync(WaitingStatements)).Single() != "0", Limit, "it waits");

        var vote = await Host.PrepareAsync(waiter);

        Assert.Equal(VoteAnswer.Types.Vote.No, vote.Vote);
        await Assert.ThrowsAsync<RpcException>(() => running);
        await Host.CommitAsync(holder);
        Assert.Equal(["1"], await ItemsAsync());
    }

    [Fact]
    public async Task Execute_LockTimeout_IsWorthAnotherTry()
    {
        var holder = Ids.NewTransaction();
        await InsertAsync(holder, 1, "one");

        var status = await StatusAsync(() => InsertAsync(Ids.NewTransaction(), 1, "again"));

        Assert.Equal((StatusCode.Aborted, Reason.StatementFailed), status);
        await Host.CommitAsync(holder);
    }

    [Theory]
    [InlineData("COMMIT")]
    [InlineData("  commit and chain")]
    [InlineData("/* harmless */ COMMIT")]
    [InlineData("-- harmless\nROLLBACK")]
    [InlineData("BEGIN")]
    [InlineData("START TRANSACTION")]
    [InlineData("END")]
    [InlineData("ABORT")]
    [InlineData("PREPARE TRANSACTION 'x'")]
    [InlineData("PREPARE s FROM 'COMMIT'")]
    [InlineData("EXECUTE s")]
    [InlineData("XA END 'a'")]
    [InlineData("SET autocommit = 1")]
    [InlineData("SET SESSION AUTHORIZATION x")]
    [InlineData("SELECT 1; COMMIT")]
    [InlineData("SELECT ';'; COMMIT")]
    [InlineData("SELECT 1; -- more\nCOMMIT")]
    [InlineData("COPY item FROM STDIN")]
    [InlineData("LOAD DATA INFILE '/etc/passwd' INTO TABLE item")]
    [InlineData("")]
    [InlineData("  ;  ")]
    [InlineData("\u0000SELECT 1")]
    public async Task Execute_NotAllowedInABranch_IsRefusedAndSpoilsNothing(string sql)
    {
        var transaction = Ids.NewTransaction();
        await InsertAsync(transaction, 1, "one");

        Assert.Equal((StatusCode.InvalidArgument, Reason.Malformed), await StatusAsync(() => Host.ExecuteAsync(transaction, sql)));

        await Host.CommitAsync(transaction);
        Assert.Equal(["1"], await ItemsAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef'; DROP TABLE item; --")]
    [InlineData("K7Q2M9XA-12x9f8e7d6c-45-0123456789abcdef")]
    public async Task Execute_MalformedId_IsRefused(string id) => Assert.Equal(
        (StatusCode.InvalidArgument, Reason.Malformed),
        await StatusAsync(async () => await Host.Client.ExecuteAsync(new ExecuteRequest { TransactionId = id, Sql = "SELECT 1" })));

    [Fact]
    public async Task Execute_TooLong_IsRefused() => Assert.Equal(
        (StatusCode.InvalidArgument, Reason.Malformed),
        await StatusAsync(() => Host.ExecuteAsync(Ids.NewTransaction(), $"SELECT '{new string('x', 1024 * 1024)}'")));

    [Fact]
    public async Task Execute_EnlistRefused_HasTheReasonsStatus()
    {
        Host.Coordinator.OnEnlist = enlist => new EnlistReply { EnlistId = enlist.EnlistId, RefusedReason = "TRANSACTION_NOT_FOUND", Message = "None such." };

        Assert.Equal((StatusCode.NotFound, Reason.TransactionNotFound), await StatusAsync(() => InsertAsync(Ids.NewTransaction(), 1, "one")));
    }

    [Fact]
    public async Task Execute_DeadlinePasses_StopsTheStatementAndSaysSo_R8()
    {
        var holder = Ids.NewTransaction();
        await InsertAsync(holder, 1, "one");
        Host.Coordinator.OnEnlist = enlist => new EnlistReply
        {
            EnlistId = enlist.EnlistId,
            Remaining = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromMilliseconds(500)),
        };

        Assert.Equal((StatusCode.Aborted, Reason.DeadlinePassed), await StatusAsync(() => InsertAsync(Ids.NewTransaction(), 1, "again")));
        await Host.CommitAsync(holder);
    }

    [Fact]
    public async Task Execute_ParameterOfNoKind_IsRefusedAndSpoilsNothing()
    {
        var transaction = Ids.NewTransaction();
        await InsertAsync(transaction, 1, "one");
        Value[] wrong = [new(), Values.Decimal("1e5"), Values.Decimal("1."), Values.Decimal(""), Values.Date("2024-02-30"), Values.Uuid("x"), Values.Json("{")];

        foreach (var value in wrong)
            Assert.Equal((StatusCode.InvalidArgument, Reason.Malformed), await StatusAsync(() => Host.ExecuteAsync(transaction, $"UPDATE item SET name = {P1}", value)));

        await Host.CommitAsync(transaction);
    }

    [Theory]
    [InlineData("'); DROP TABLE item; --")]
    [InlineData("\\'; DROP TABLE item; --")]
    [InlineData("\"; $$ ? $1 @x :y \\")]
    [InlineData("ключ 鍵 🔑")]
    [InlineData("")]
    public async Task Strings_OfAnyKind_ComeBackAsTheyWere(string text)
    {
        var transaction = Ids.NewTransaction();
        await InsertAsync(transaction, 1, text);

        var (_, rows) = await Host.QueryAsync(transaction, $"SELECT name FROM item WHERE name = {P1}", Values.Of(text));

        Assert.Equal(text, Assert.Single(rows).Values[0].String);
        await Host.RollBackAsync(transaction);
    }

    [Fact]
    public async Task Execute_ConcurrentStatements_TakeTurns()
    {
        var transaction = Ids.NewTransaction();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => InsertAsync(transaction, i, "x")));

        await Host.CommitAsync(transaction);
        Assert.Equal(20, (await ItemsAsync()).Count);
    }

    [Fact]
    public void Host_TellsWhenItIsReady() =>
        Assert.Matches(@"^participant inventory\.[a-z0-9]{8} attached to http://127\.0\.0\.1:\d+/? \(\w+ .+\), SQL on http://127\.0\.0\.1:\d+$", Host.ReadyLine);

    private protected abstract (string Key, string Value) DuplicateKey { get; }

    private protected abstract string WaitingStatements { get; }

    private protected static async Task<(StatusCode Status, Reason Reason)> StatusAsync(Func<Task> call)
    {
        var (status, reason, _) = await SqlHost.FailureAsync(call);
        return (status, reason);
    }

    private protected Task<ExecuteResponse> InsertAsync(TransactionId transaction, long id, string name) =>
        Host.Client.ExecuteAsync(Insert(transaction, id, name)).ResponseAsync;

    private ExecuteRequest Insert(TransactionId transaction, long id, string name) => new()
    {
        TransactionId = transaction.Value,
        Sql = $"INSERT INTO item (id, name) VALUES ({P1}, {P2})",
        Parameters = { Values.Of(id), Values.Of(name) },
    };

    private async Task<IReadOnlyList<string>> ItemsAsync() =>
        await Host.Server.QueryAsync("SELECT id FROM item ORDER BY id;", Host.Database);
}
