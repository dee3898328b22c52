namespace Coordinator.ResourceManagers;

/// <summary>How PostgreSQL is reached. Every limit has a default.</summary>
/// <param name="ConnectionString">Npgsql's, naming the database. Pool sizes, timeouts and Enlist are set from here.</param>
public sealed record PostgresOptions(string ConnectionString)
{
    /// <summary>The most branches at work at once in this process.</summary>
    public int WorkPoolSize { get; init; } = 50;

    /// <summary>
    /// The most connections of phase 2, scans and inquiries; work never takes one of them. Opened as commits need them: where
    /// fewer than the commits at once, commits wait in line and share no flush of the server's log.
    /// </summary>
    public int Phase2PoolSize { get; init; } = 32;

    /// <summary>The longest wait for a connection, from a pool or from the server.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an unused connection is taken to be alive. On one that has been unused for longer, a branch begins with a
    /// round trip of its own, and on another one if it turns out to be dead; on a fresh one it begins with its first statement.
    /// </summary>
    public TimeSpan FreshFor { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time of a statement of work, unless its command says otherwise.</summary>
    public TimeSpan WorkTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time of a prepare.</summary>
    public TimeSpan PrepareTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time of a command of phase 2, a scan or an inquiry.</summary>
    public TimeSpan Phase2Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long ending a lost session may take before rollback answers that it is still active.</summary>
    public TimeSpan SessionEndTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often rollback looks again for a prepare that arrived late.</summary>
    public int RollbackAttempts { get; init; } = 5;
}
