namespace Coordinator.ResourceManagers;

/// <summary>How MySQL or MariaDB is reached. Every limit has a default.</summary>
/// <param name="ConnectionString">The driver's, naming the database. Pooling, timeouts and enlisting are set from here.</param>
public sealed record MySqlOptions(string ConnectionString)
{
    /// <summary>
    /// The most branches at once in this process: at work, and on MariaDB also prepared, since it finishes a branch on the
    /// session that prepared it.
    /// </summary>
    public int WorkPoolSize { get; init; } = 50;

    /// <summary>
    /// The most connections of phase 2, scans and inquiries; work never takes one of them. Opened as commits need them: where
    /// fewer than the commits at once, commits wait in line and share no flush of the server's log.
    /// </summary>
    public int Phase2PoolSize { get; init; } = 32;

    /// <summary>How long an unused connection is kept.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long an unused connection is taken to be alive. On one that has been unused for longer, a branch begins with a
    /// round trip of its own, and on another one if it turns out to be dead; on a fresh one it begins with its first statement.
    /// </summary>
    public TimeSpan FreshFor { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait for a connection, from a pool or from the server.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time of a statement of work, unless its command says otherwise.</summary>
    public TimeSpan WorkTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time of a prepare.</summary>
    public TimeSpan PrepareTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The time of a command of phase 2, a scan or an inquiry.</summary>
    public TimeSpan Phase2Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long phase 2 and inquiries wait for a lock, in whole seconds: on the witness row that is how long it takes to
    /// tell that a branch is still prepared.
    /// </summary>
    public TimeSpan Phase2LockTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long ending a lost session may take before the branch is reported as it stands.</summary>
    public TimeSpan SessionEndTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether each branch writes a witness row, which proves its outcome later, for one insert a branch. Without it no
    /// success is reported once the preparing connection was lost (MariaDB) or an answer was (both).
    /// </summary>
    public bool Witness { get; init; } = true;

    /// <summary>The rows that one statement of <see cref="IResourceManager.TrimAsync"/> deletes at most.</summary>
    public int TrimBatchSize { get; init; } = 500;

    /// <summary>The statements that one call of <see cref="IResourceManager.TrimAsync"/> runs at most.</summary>
    public int TrimBatches { get; init; } = 20;
}
