namespace Coordinator.Participant.Sql;

/// <summary>
/// Decides by a statement's text whether it may run in a branch. It is a list of what may, so that what a newer server
/// adds is refused; and it is the first fence only: see <see cref="StatementRunner"/> for the proof.
/// </summary>
internal static class StatementGuard
{
    private static readonly HashSet<string> _plain =
    [
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "WITH", "VALUES", "TABLE", "EXPLAIN", "SHOW",
        "DESCRIBE", "DESC",
    ];

    // PostgreSQL's DDL is part of the transaction. A procedure or a DO block may try to end it.
    private static readonly HashSet<string> _provenOnPostgres =
    [
        "CREATE", "ALTER", "DROP", "TRUNCATE", "COMMENT", "GRANT", "REVOKE", "LOCK", "CALL", "DO", "REFRESH", "ANALYZE",
        "DECLARE", "FETCH", "MOVE", "CLOSE",
    ];

    private static readonly HashSet<string> _provenOnMySql = ["CALL", "DO"];

    /// <summary>Looks at a statement.</summary>
    /// <returns>True if the branch's transaction is to be proven to be the same afterwards.</returns>
    /// <exception cref="StatementRefusedException">It may not run in a branch.</exception>
    public static bool Check(string sql, ResourceKind kind)
    {
        var isPostgres = kind == ResourceKind.Postgres;
        var scanner = new SqlScanner(sql, isPostgres, escapes: false);
        scanner.Scan();
        // A quote after a backslash ends the string or not, as the server is set: neither reading may find a second statement.
        var other = new SqlScanner(sql, isPostgres, escapes: true);
        other.Scan();
        if (scanner.HasSeveral || other.HasSeveral)
            throw new StatementRefusedException("Only one statement a call.");
        if (scanner.HasExecutableComment || other.HasExecutableComment)
            throw new StatementRefusedException("Comments that the server executes are not allowed.");
        if (scanner.Words.Count == 0)
            throw new StatementRefusedException("There is no statement.");
        var first = scanner.Words[0];
        if (_plain.Contains(first))
            return false;
        if ((isPostgres ? _provenOnPostgres : _provenOnMySql).Contains(first))
            return true;
        if (isPostgres && first == "SET" && scanner.Words.Count > 1 && scanner.Words[1] is "LOCAL" or "CONSTRAINTS")
            return true;
        throw new StatementRefusedException(
            $"{(first.Length <= 20 ? first : first[..20])} is not allowed in a branch: begin, commit and roll back through the "
            + "coordinator, and change schemas and session settings outside.");
    }
}

/// <summary>A request that does not match its grammar or limits; nothing was run.</summary>
internal sealed class StatementRefusedException(string message) : Exception(message);
