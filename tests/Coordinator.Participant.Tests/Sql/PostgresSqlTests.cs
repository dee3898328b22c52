using Coordinator.Contracts.V1;
using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Participant.Tests.Sql;

public sealed class PostgresSqlTests() : SqlServiceTests(DatabaseKind.Postgres)
{
    private protected override string P1 => "$1";

    private protected override string P2 => "$2";

    private protected override (string Key, string Value) DuplicateKey => ("sqlstate", "23505");

    private protected override string WaitingStatements => "SELECT count(*) FROM pg_locks WHERE NOT granted;";

    public static TheoryData<string, string, object> RoundTrips => new()
    {
        { "boolean", "bool", Values.Of(true) },
        { "boolean", "bool", Values.Of(false) },
        { "smallint", "int64", Values.Of(-32768) },
        { "integer", "int64", Values.Of(int.MaxValue) },
        { "bigint", "int64", Values.Of(long.MinValue) },
        { "real", "double", Values.Of(0.1) },
        { "double precision", "double", Values.Of(0.1 + 0.2) },
        { "double precision", "double", Values.Of(double.NaN) },
        { "double precision", "double", Values.Of(double.NegativeInfinity) },
        { "double precision", "double", Values.Of(5e-324) },
        { "numeric", "decimal", Values.Decimal("-12.50") },
        { "numeric", "decimal", Values.Decimal("0.000000000000000000000000000000000000000000001") },
        { "numeric", "decimal", Values.Decimal("123456789012345678901234567890123456789012345678901234567890.10") },
        { "numeric(10,2)", "decimal", Values.Decimal("12.50") },
        { "text", "string", Values.Of("a\nb\t'\"\\") },
        { "varchar(20)", "string", Values.Of("short") },
        { "bytea", "bytes", Values.Of([0, 1, 255, 39, 92]) },
        { "bytea", "bytes", Values.Of(Array.Empty<byte>()) },
        { "timestamptz", "timestamp", Values.Moment("2024-02-29T23:59:59.123456Z") },
        { "timestamptz", "timestamp", Values.Moment("0001-01-01T00:00:00Z") },
        { "timestamp", "timestamp", Values.Moment("1999-12-31T23:59:59.000001Z") },
        { "timestamp(3)", "timestamp", Values.Moment("2024-02-29T12:00:00.123Z") },
        { "date", "date", Values.Date("2024-02-29") },
        { "date", "date", Values.Date("0001-01-01") },
        { "date", "date", Values.Date("9999-12-31") },
        { "timestamptz", "timestamp", Values.Moment("9999-12-31T23:59:59.999999Z") },
        { "uuid", "uuid", Values.Uuid("0f8fad5b-d9cb-469f-a165-70867728950e") },
        { "json", "json", Values.Json("{\"a\": [1, null, \"\\u00e9\"]}") },
        { "jsonb", "json", Values.Json("{\"a\": [1, null]}") },
        { "integer[]", "string", Values.Of("{1,NULL,3}") },
        { "interval", "string", Values.Of("1 year 2 mons 03:04:05.6") },
        { "inet", "string", Values.Of("10.0.0.0/8") },
        { "time", "string", Values.Of("12:34:56.789") },
        { "timestamptz", "string", Values.Of("infinity") },
        { "date", "string", Values.Of("0044-03-15 BC") },
        { "numeric", "string", Values.Of("NaN") },
        { "text", "null", Values.Null },
        { "integer", "null", Values.Null },
    };

    [Theory]
    [MemberData(nameof(RoundTrips))]
    public async Task Value_RoundTrips(string type, string kind, object value)
    {
        Assert.Equal(kind, ((Value)value).KindCase.ToString().ToLowerInvariant());
        var transaction = Ids.NewTransaction();
        await Host.ExecuteAsync(transaction, $"CREATE TABLE v (x {type})");
        await Host.ExecuteAsync(transaction, "INSERT INTO v VALUES ($1)", (Value)value);

        var (_, rows) = await Host.QueryAsync(transaction, "SELECT x FROM v");

        Assert.Equal(value, Assert.Single(Assert.Single(rows).Values));
        await Host.RollBackAsync(transaction);
    }

    [Fact]
    public async Task Values_InAnotherZoneAndStyle_AreStillExact()
    {
        await Host.Server.QueryAsync(
            $"ALTER DATABASE {Host.Database} SET timezone = 'Asia/Kolkata'; ALTER DATABASE {Host.Database} SET datestyle = 'German'; "
            + $"ALTER DATABASE {Host.Database} SET bytea_output = 'escape';");
        await using var other = await AgainAsync();
        var transaction = Ids.NewTransaction();
        await other.ExecuteAsync(transaction, "CREATE TABLE v (a timestamp, b timestamptz, c bytea)");
        Value[] values = [Values.Moment("2024-02-29T23:59:59.5Z"), Values.Moment("2024-02-29T23:59:59.5Z"), Values.Of([1, 2, 200])];
        await other.ExecuteAsync(transaction, "INSERT INTO v VALUES ($1, $2, $3)", values);

        var (_, rows) = await other.QueryAsync(transaction, "SELECT * FROM v");

        Assert.Equal(values, Assert.Single(rows).Values);
        await other.RollBackAsync(transaction);
    }

    [Fact]
    public async Task Execute_ProcedureThatCommits_DoesNotGetThrough()
    {
        await Host.Server.QueryAsync("CREATE PROCEDURE leave() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;", Host.Database);
        var transaction = Ids.NewTransaction();
        await InsertAsync(transaction, 1, "one");

        Assert.Equal(StatusCode.FailedPrecondition, (await StatusAsync(() => Host.ExecuteAsync(transaction, "CALL leave()"))).Status);

        Assert.Equal(VoteAnswer.Types.Vote.No, (await Host.PrepareAsync(transaction)).Vote);
        Assert.Equal(["0"], await Host.Server.QueryAsync("SELECT count(*) FROM item;", Host.Database));
    }

    [Fact]
    public async Task Execute_SchemaChange_IsPartOfTheTransaction()
    {
        var transaction = Ids.NewTransaction();
        await Host.ExecuteAsync(transaction, "CREATE TABLE made (x int)");
        await Host.CommitAsync(transaction);

        Assert.Equal(["0"], await Host.Server.QueryAsync("SELECT count(*) FROM made;", Host.Database));
    }

    private async Task<SqlHost> AgainAsync() => await SqlHost.StartAsync(DatabaseKind.Postgres, ("Postgres", Host.Server.AdminConnectionString(Host.Database)));
}
