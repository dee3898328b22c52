using Coordinator.Contracts.V1;
using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Participant.Tests.Sql;

public sealed class MariaDbSqlTests() : SqlServiceTests(DatabaseKind.MariaDb)
{
    private protected override string P1 => "?";

    private protected override string P2 => "?";

    private protected override (string Key, string Value) DuplicateKey => ("code", "1062");

    // Not INNODB_TRX: it shows what was so before, for as long as somebody looks ten times a second.
    private protected override string WaitingStatements =>
        $"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{Host.Database}' AND INFO LIKE 'INSERT INTO item%';";

    public static TheoryData<string, object> RoundTrips => new()
    {
        { "TINYINT(1)", Values.Of(true) },
        { "BOOLEAN", Values.Of(false) },
        { "TINYINT(1)", Values.Of(-7) },
        { "TINYINT", Values.Of(-128) },
        { "SMALLINT UNSIGNED", Values.Of(65535) },
        { "INT", Values.Of(int.MinValue) },
        { "BIGINT", Values.Of(long.MinValue) },
        { "BIGINT UNSIGNED", Values.Decimal("18446744073709551615") },
        { "FLOAT", Values.Of(0.1) },
        { "DOUBLE", Values.Of(0.1 + 0.2) },
        { "DOUBLE", Values.Of(1.7976931348623157e308) },
        { "DECIMAL(10,2)", Values.Decimal("-12.50") },
        { "DECIMAL(65,30)", Values.Decimal("12345678901234567890123456789012345.123456789012345678901234567890") },
        { "VARCHAR(100)", Values.Of("a\nb\t'\"\\%_") },
        { "CHAR(36)", Values.Of("0f8fad5b-d9cb-469f-a165-70867728950e") },
        { "CHAR(36)", Values.Of("not a uuid") },
        { "TEXT", Values.Of("🔑") },
        { "VARBINARY(100)", Values.Of([0, 1, 255, 39, 92]) },
        { "BINARY(16)", Values.Of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]) },
        { "BLOB", Values.Of(Array.Empty<byte>()) },
        { "DATETIME(6)", Values.Moment("2024-02-29T23:59:59.000001Z") },
        { "DATETIME(6)", Values.Moment("1000-01-01T00:00:00.123456Z") },
        { "TIMESTAMP(6)", Values.Moment("2024-02-29T23:59:59.123456Z") },
        { "DATETIME", Values.Moment("2024-02-29T12:00:00Z") },
        { "DATE", Values.Date("2024-02-29") },
        { "TIME(6)", Values.Of("-838:59:58.000001") },
        { "YEAR", Values.Of(2024) },
        { "ENUM('a','b')", Values.Of("b") },
        { "DECIMAL(65,30)", Values.Null },
        { "VARCHAR(10)", Values.Null },
        { "INT", Values.Null },
    };

    [Theory]
    [MemberData(nameof(RoundTrips))]
    public async Task Value_RoundTrips(string type, object value)
    {
        await Host.Server.QueryAsync($"CREATE TABLE v (x {type} NULL) CHARACTER SET utf8mb4;", Host.Database);
        var transaction = Ids.NewTransaction();
        await Host.ExecuteAsync(transaction, "INSERT INTO v VALUES (?)", (Value)value);

        var (_, rows) = await Host.QueryAsync(transaction, "SELECT x FROM v");

        Assert.Equal(value, Assert.Single(Assert.Single(rows).Values));
        await Host.RollBackAsync(transaction);
    }

    // What the database has no type for comes back as text.
    [Fact]
    public async Task Value_UuidAndJson_ComeBackAsText()
    {
        await Host.Server.QueryAsync("CREATE TABLE v (a UUID, b JSON);", Host.Database);
        var transaction = Ids.NewTransaction();
        await Host.ExecuteAsync(transaction, "INSERT INTO v VALUES (?, ?)", Values.Uuid("0f8fad5b-d9cb-469f-a165-70867728950e"), Values.Json("{\"a\": 1}"));

        var (_, rows) = await Host.QueryAsync(transaction, "SELECT a, b FROM v");

        Assert.Equal([Values.Of("0f8fad5b-d9cb-469f-a165-70867728950e"), Values.Of("{\"a\": 1}")], Assert.Single(rows).Values);
        await Host.RollBackAsync(transaction);
    }

    [Fact]
    public async Task Value_ZeroDate_IsText()
    {
        await Host.Server.QueryAsync("SET sql_mode = ''; CREATE TABLE v (x DATE); INSERT INTO v VALUES ('0000-00-00');", Host.Database);

        Assert.Equal(Values.Of("0000-00-00"), await Host.QueryValueAsync("SELECT x FROM v"));
    }

    [Fact]
    public async Task Strings_WithoutBackslashEscapes_CannotBreakOut()
    {
        await Host.Server.QueryAsync("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES';");
        try
        {
            await using var other = await SqlHost.StartAsync(DatabaseKind.MariaDb, ("MySql", Host.Server.AdminConnectionString(Host.Database)));
            var transaction = Ids.NewTransaction();
            const string Hostile = "\\', (SELECT 1)); -- \\";

            var (_, rows) = await other.QueryAsync(transaction, "SELECT ?", Values.Of(Hostile));

            Assert.Equal(Hostile, Assert.Single(rows).Values[0].String);
            await other.RollBackAsync(transaction);
        }
        finally
        {
            await Host.Server.QueryAsync("SET GLOBAL sql_mode = DEFAULT;");
        }
    }

    // Nothing but malice or a very odd procedure knows the branch's XID. What it did stays done; that it did it is noticed.
    [Fact]
    public async Task Execute_ProcedureThatEndsTheBranchByItsXid_IsNoticed()
    {
        var transaction = Ids.NewTransaction();
        var xid = $"'{transaction}','{Host.Branch}',{BranchId.XaFormatId}";
        await Host.Server.QueryAsync(
            $"DELIMITER $$\nCREATE PROCEDURE leave_it() BEGIN XA END {xid}; XA ROLLBACK {xid}; END$$\nDELIMITER ;\n", Host.Database);
        await InsertAsync(transaction, 1, "one");

        Assert.Equal((StatusCode.FailedPrecondition, Reason.BranchPoisoned), await StatusAsync(() => Host.ExecuteAsync(transaction, "CALL leave_it()")));

        Assert.Equal(VoteAnswer.Types.Vote.No, (await Host.PrepareAsync(transaction)).Vote);
    }

    [Theory]
    [InlineData("CREATE TABLE made (x INT)")]
    [InlineData("DROP TABLE item")]
    [InlineData("TRUNCATE item")]
    [InlineData("/*!50000 COMMIT */")]
    [InlineData("SELECT 1 /*M! ; COMMIT */")]
    [InlineData("# harmless\nCOMMIT")]
    [InlineData("SELECT '\\''; COMMIT; -- '")]
    [InlineData("SELECT '\\'; COMMIT; -- '")]
    [InlineData("SELECT \"\\\"; COMMIT; -- \"")]
    [InlineData("LOCK TABLES item WRITE")]
    [InlineData("SET @a = 1")]
    public async Task Execute_WouldEndTheTransaction_IsRefused(string sql) => Assert.Equal(
        (StatusCode.InvalidArgument, Reason.Malformed), await StatusAsync(() => Host.ExecuteAsync(Ids.NewTransaction(), sql)));

    [Theory]
    [InlineData("COMMIT")]
    [InlineData("CREATE TABLE made (x INT)")]
    [InlineData("XA END 'x'")]
    [InlineData("SET autocommit = 1")]
    public async Task Execute_ProcedureThatEndsTheTransaction_DoesNotGetThrough(string inside)
    {
        await Host.Server.QueryAsync($"DELIMITER $$\nCREATE PROCEDURE leave_it() BEGIN {inside}; END$$\nDELIMITER ;\n", Host.Database);
        var transaction = Ids.NewTransaction();
        await InsertAsync(transaction, 1, "one");

        var failure = await Record.ExceptionAsync(() => Host.ExecuteAsync(transaction, "CALL leave_it()"));

        if (failure is null)
        {
            // Harmless inside a branch: the transaction was proven to be the same.
            await Host.CommitAsync(transaction);
            return;
        }

        Assert.Equal(StatusCode.FailedPrecondition, Assert.IsType<RpcException>(failure).StatusCode);
        Assert.Equal(VoteAnswer.Types.Vote.No, (await Host.PrepareAsync(transaction)).Vote);
        Assert.Equal(["0"], await Host.Server.QueryAsync("SELECT COUNT(*) FROM item;", Host.Database));
    }
}
