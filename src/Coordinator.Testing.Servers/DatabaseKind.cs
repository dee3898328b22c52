namespace Coordinator.Testing;

/// <summary>The database servers that <c>deploy/databases</c> can run.</summary>
public enum DatabaseKind
{
    Postgres,
    MariaDb,
    MySql,
}
