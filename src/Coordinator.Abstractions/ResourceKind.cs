namespace Coordinator;

/// <summary>The kind of database behind a resource manager. Persisted: values never change.</summary>
public enum ResourceKind
{
    /// <summary>PostgreSQL: <c>PREPARE TRANSACTION</c>.</summary>
    Postgres = 1,

    /// <summary>MariaDB: XA, sessions held until the branch is finished.</summary>
    MariaDb = 2,

    /// <summary>MySQL: XA, sessions detached at prepare.</summary>
    MySql = 3,
}
