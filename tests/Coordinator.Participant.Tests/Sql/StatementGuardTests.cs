using Coordinator.Participant.Sql;

namespace Coordinator.Participant.Tests.Sql;

public sealed class StatementGuardTests
{
    [Theory]
    [InlineData("SELECT 1", false)]
    [InlineData("select 1;", false)]
    [InlineData(" ( (SELECT 1) )", false)]
    [InlineData("SELECT ';' || E'\\';' || \"a;b\"", false)]
    [InlineData("SELECT $$; COMMIT;$$, $a$ ; $$ ; $a$", false)]
    [InlineData("SELECT 1 -- ; COMMIT", false)]
    [InlineData("SELECT 1 /* ; /* ; */ ; */ + 1", false)]
    [InlineData("WITH x AS (SELECT 1) DELETE FROM t", false)]
    [InlineData("SELECT $1, 'commit'", false)]
    [InlineData("CALL p()", true)]
    [InlineData("CREATE TABLE t (x int)", true)]
    [InlineData("SET LOCAL work_mem = '1MB'", true)]
    public void Check_Postgres_Allowed(string sql, bool needsProof) =>
        Assert.Equal(needsProof, StatementGuard.Check(sql, ResourceKind.Postgres));

    [Theory]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT '\\''; COMMIT; --'")]
    [InlineData("SELECT '\\'; COMMIT; --'")]
    [InlineData("SELECT $a$ $b$; COMMIT; $a$; COMMIT")]
    [InlineData("SELECT 1 /* /* */ */; COMMIT")]
    [InlineData("SELECT 1 -- x\r; COMMIT")]
    [InlineData("SELECT a$b$; COMMIT; SELECT c$b$")]
    [InlineData("SET work_mem = '1MB'")]
    [InlineData("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")]
    [InlineData("SAVEPOINT a")]
    [InlineData("ROLLBACK TO a")]
    [InlineData("RELEASE a")]
    [InlineData("PREPARE TRANSACTION 'a'")]
    [InlineData("COMMIT PREPARED 'a'")]
    [InlineData("LISTEN a")]
    [InlineData("COPY t TO STDOUT")]
    [InlineData("DISCARD ALL")]
    [InlineData("'COMMIT'")]
    [InlineData("")]
    public void Check_Postgres_Refused(string sql) =>
        Assert.Throws<StatementRefusedException>(() => StatementGuard.Check(sql, ResourceKind.Postgres));

    [Theory]
    [InlineData("SELECT `a;b`, 'c;d', \"e;f\" # ; COMMIT", false)]
    [InlineData("SELECT 1 -- ; COMMIT", false)]
    [InlineData("SELECT 1 /* ; */", false)]
    [InlineData("REPLACE INTO t VALUES (?)", false)]
    [InlineData("CALL p()", true)]
    public void Check_MySql_Allowed(string sql, bool needsProof) =>
        Assert.Equal(needsProof, StatementGuard.Check(sql, ResourceKind.MySql));

    [Theory]
    [InlineData("SELECT 1--1; COMMIT")]
    [InlineData("SELECT 1 /* /* */; COMMIT -- */")]
    [InlineData("SELECT 1 /*! ; COMMIT */")]
    [InlineData("SELECT 1 # x\n; COMMIT")]
    [InlineData("SELECT '\\'; COMMIT; -- '")]
    [InlineData("SELECT \"\\\"; COMMIT; -- \"")]
    [InlineData("CREATE TABLE t (x int)")]
    [InlineData("XA COMMIT 'a'")]
    [InlineData("SET autocommit = 0")]
    [InlineData("LOCK TABLES t WRITE")]
    [InlineData("HANDLER t OPEN")]
    public void Check_MySql_Refused(string sql) =>
        Assert.Throws<StatementRefusedException>(() => StatementGuard.Check(sql, ResourceKind.MySql));
}
