using System.Text.Json;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using NullValue = Coordinator.Contracts.V1.NullValue;
using Value = Coordinator.Contracts.V1.Value;

namespace Coordinator.Client.Tests;

public class SqlTests : ClientTest, IAsyncLifetime
{
    private readonly ScriptedSql _script = new();
    private LoopbackServer? _participant;

    async Task IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        _participant = await LoopbackServer.StartAsync(_script);
        Coordinator.Committed.Answers(Answer(Outcome.Committed));
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        await _participant!.DisposeAsync();
        await DisposeAsync();
    }

    [Fact]
    public async Task Execute_Answered_BranchIsNamedAtCommit()
    {
        _script.Executed.Answers(new ExecuteResponse { RowsAffected = 3, Branch = "inventory.4f7c01ab" });
        await using var tx = await Client.BeginAsync();

        Assert.Equal(3, await tx.Sql(_participant!.Address).ExecuteAsync("UPDATE stock SET n = n - $1", [3]));
        await tx.CommitAsync();

        var request = Assert.Single(_script.Executed.Requests);
        Assert.Equal(ScriptedCoordinator.Id, request.TransactionId);
        Assert.Equal(new Value { Int64 = 3 }, Assert.Single(request.Parameters));
        Assert.Equal(["inventory.4f7c01ab"], Assert.Single(Coordinator.Committed.Requests).Branches);
    }

    [Theory]
    [InlineData("Kill")]
    [InlineData("Reset")]
    [InlineData("Exception")]
    public async Task Execute_AnswerLost_NeverSentTwiceAndCommitRollsBack(string loss)
    {
        _script.Executed.LosesAnswer(loss switch { "Kill" => Loss.Kill, "Reset" => Loss.Reset, _ => Loss.Exception });
        await using var tx = await Client.BeginAsync();

        await Assert.ThrowsAsync<SqlAnswerLostException>(() => tx.Sql(_participant!.Address).ExecuteAsync("DELETE FROM stock"));

        Assert.Single(_script.Executed.Requests);
        Assert.NotNull(tx.RollbackOnlyReason);
        await Assert.ThrowsAsync<InvalidOperationException>(() => tx.Sql(_participant!.Address).ExecuteAsync("SELECT 1"));
        await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());
        Assert.Empty(Coordinator.Committed.Requests);
        Assert.Single(Coordinator.RolledBack.Requests);
    }

    [Fact]
    public async Task Execute_DatabaseRefuses_RollbackOnlyWithTheBranch()
    {
        _script.Executed.Fails(RpcErrors.Create(
            StatusCode.FailedPrecondition,
            Reason.StatementFailed,
            "duplicate key",
            ("sqlstate", "23505"),
            ("branch", "inventory.4f7c01ab")));
        await using var tx = await Client.BeginAsync();

        var refused = await Assert.ThrowsAsync<SqlStatementException>(
            () => tx.Sql(_participant!.Address).ExecuteAsync("INSERT INTO stock VALUES (1)"));

        Assert.Equal("23505", refused.SqlState);
        Assert.Equal("duplicate key", refused.Message);
        Assert.Equal([Inventory], tx.Branches);
        Assert.NotNull(tx.RollbackOnlyReason);
    }

    [Theory]
    [InlineData(Reason.Overloaded, StatusCode.ResourceExhausted)]
    [InlineData(Reason.Malformed, StatusCode.InvalidArgument)]
    public async Task Execute_RefusedBeforeItRan_MayGoOn(Reason reason, StatusCode status)
    {
        _script.Executed.Fails(RpcErrors.Create(status, reason, "no"))
            .Answers(new ExecuteResponse { Branch = "inventory.4f7c01ab" });
        await using var tx = await Client.BeginAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => tx.Sql(_participant!.Address).ExecuteAsync("DELETE FROM stock"));
        await tx.Sql(_participant!.Address).ExecuteAsync("DELETE FROM stock");
        await tx.CommitAsync();
    }

    [Fact]
    public async Task Execute_NobodyListens_WasNotSentAndMayGoOn()
    {
        var address = _participant!.Address;
        await _participant.DisposeAsync();
        await using var tx = await Client.BeginAsync();
        await Assert.ThrowsAsync<CoordinatorUnavailableException>(() => tx.Sql(address).ExecuteAsync("DELETE FROM stock"));
        Assert.Null(tx.RollbackOnlyReason);
    }

    [Fact]
    public async Task Commit_StatementStillRuns_IsMisuse()
    {
        _script.Executed.Hangs();
        using var canceled = new CancellationTokenSource();
        await using var tx = await Client.BeginAsync();
        var statement = tx.Sql(_participant!.Address).ExecuteAsync("DELETE FROM stock", null, canceled.Token);

        await Assert.ThrowsAsync<InvalidOperationException>(() => tx.CommitAsync());

        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => statement);
        Assert.NotNull(tx.RollbackOnlyReason);
    }

    [Fact]
    public async Task Query_ReadToTheEnd_GivesTypedRows()
    {
        var moment = new DateTimeOffset(2026, 5, 1, 12, 30, 0, TimeSpan.Zero);
        _script.Queried.Answers(
        [
            Header("id", "price", "at", "day", "key", "data", "note"),
            Rows(new Value { Int64 = 7 }, new Value { Decimal = "12.50" }, new Value { Timestamp = Timestamp.FromDateTimeOffset(moment) },
                new Value { Date = "2026-05-01" }, new Value { Uuid = "0f8fad5b-d9cb-469f-a165-70867728950e" },
                new Value { Json = "{\"a\":1}" }, new Value { Null = NullValue.NullValue }),
        ]);
        await using var tx = await Client.BeginAsync();

        var row = Assert.Single(await tx.Sql(_participant!.Address).QueryAsync("SELECT * FROM stock"));

        Assert.Equal(7L, row["ID"]);
        Assert.Equal(7, row.Get<int>("id"));
        Assert.Equal(12.50m, row.Get<decimal>("price"));
        Assert.Equal("12.50", row.Get<string>("price"));
        Assert.Equal(moment, row.Get<DateTimeOffset>("at"));
        Assert.Equal(new DateOnly(2026, 5, 1), row["day"]);
        Assert.Equal(Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"), row["key"]);
        Assert.Equal(1, row.Get<JsonElement>("data").GetProperty("a").GetInt32());
        Assert.Null(row["note"]);
        Assert.Null(row.Get<int?>("note"));
        Assert.Throws<InvalidCastException>(() => row.Get<int>("note"));
        Assert.Throws<InvalidCastException>(() => row.Get<Guid>("id"));
        Assert.Throws<ArgumentException>(() => row["nothing"]);
        Assert.Equal([Inventory], tx.Branches);
        Assert.Null(tx.RollbackOnlyReason);
    }

    [Fact]
    public async Task Stream_LeftEarly_RollbackOnly()
    {
        _script.Queried.Answers([Header("id"), Rows(new Value { Int64 = 1 }), Rows(new Value { Int64 = 2 })]);
        await using var tx = await Client.BeginAsync();
        await foreach (var row in tx.Sql(_participant!.Address).StreamAsync("SELECT id FROM stock"))
            break;
        Assert.NotNull(tx.RollbackOnlyReason);
        Assert.Equal([Inventory], tx.Branches);
    }

    [Fact]
    public async Task Query_LostInTheMiddle_RollbackOnly()
    {
        _script.Queried.Answers([Header("id"), Rows(new Value { Int64 = 1 }), null]);
        await using var tx = await Client.BeginAsync();
        await Assert.ThrowsAsync<SqlAnswerLostException>(() => tx.Sql(_participant!.Address).QueryAsync("SELECT id FROM stock"));
        await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());
    }

    [Fact]
    public async Task Query_MoreRowsThanTheLimit_SaysSo()
    {
        _script.Queried.Answers([Header("id"), Rows(new Value { Int64 = 1 }), Rows(new Value { Int64 = 2 })]);
        using var client = CoordinatorClient.Connect(Options(Server.Address) with { MaxQueryRows = 1 });
        await using var tx = await client.BeginAsync();
        var misuse = await Assert.ThrowsAsync<InvalidOperationException>(
            () => tx.Sql(_participant!.Address).QueryAsync("SELECT id FROM stock"));
        Assert.Contains("MaxQueryRows", misuse.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_Parameters_KeepTheirTypes()
    {
        _script.Executed.Answers(new ExecuteResponse { Branch = "inventory.4f7c01ab" });
        await using var tx = await Client.BeginAsync();
        await tx.Sql(_participant!.Address).ExecuteAsync(
            "SELECT",
            [null, true, (byte)1, ulong.MaxValue, 1.5f, 12.50m, "x", new byte[] { 1 }, new DateOnly(2026, 5, 1), Guid.Empty]);
        Assert.Equal(
            [
                Value.KindOneofCase.Null, Value.KindOneofCase.Bool, Value.KindOneofCase.Int64, Value.KindOneofCase.Decimal,
                Value.KindOneofCase.Double, Value.KindOneofCase.Decimal, Value.KindOneofCase.String, Value.KindOneofCase.Bytes,
                Value.KindOneofCase.Date, Value.KindOneofCase.Uuid,
            ],
            Assert.Single(_script.Executed.Requests).Parameters.Select(parameter => parameter.KindCase));
        await Assert.ThrowsAsync<ArgumentException>(
            () => tx.Sql(_participant.Address).ExecuteAsync("SELECT", [new DateTime(2026, 5, 1)]));
        await Assert.ThrowsAsync<ArgumentException>(() => tx.Sql(_participant.Address).ExecuteAsync("SELECT", [new object()]));
        Assert.Null(tx.RollbackOnlyReason);
    }

    [Fact]
    public async Task Sql_TooManyParticipants_SaysWhichLimit()
    {
        using var client = CoordinatorClient.Connect(Options(Server.Address) with { MaxParticipantAddresses = 1 });
        await using var tx = await client.BeginAsync();
        tx.Sql(_participant!.Address);
        tx.Sql(_participant.Address);
        Assert.Throws<InvalidOperationException>(() => tx.Sql(new Uri("http://127.0.0.1:1")));
    }

    private static QueryResponse Header(params string[] columns) => new()
    {
        Header = new QueryHeader
        {
            Branch = "inventory.4f7c01ab",
            Columns = { columns.Select(name => new Column { Name = name }) },
        },
    };

    private static QueryResponse Rows(params Value[] values) => new() { Rows = new Rows { Rows_ = { new Row { Values = { values } } } } };
}
