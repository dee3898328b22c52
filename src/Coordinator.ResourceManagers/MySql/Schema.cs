using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// The tables that the resource manager keeps in the participant's database, made and migrated in order. A step that
/// was released never changes; a change is a new step. DDL commits by itself, so each statement bears being run again.
/// </summary>
internal static class Schema
{
    // Held while migrating, so that of several processes that attach one migrates and the others find it done.
    private const string LockName = "CONCAT('coordinator:schema:', LEFT(SHA2(DATABASE(), 256), 40))";

    /// <summary>Step n takes version n to n + 1. Version history: 1, identity, mark and witness.</summary>
    private static readonly string[][] _steps =
    [
        [
            "CREATE TABLE IF NOT EXISTS coordinator_mark (cluster CHAR(8) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, "
                + "epoch_number INT NOT NULL, epoch_nonce BIGINT NOT NULL, log_position BIGINT NOT NULL) ENGINE=InnoDB",
            "CREATE TABLE IF NOT EXISTS coordinator_witness (gid VARCHAR(122) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, "
                + "connection_id BIGINT UNSIGNED NOT NULL, created_at BIGINT NOT NULL, fence INT NOT NULL, "
                + "KEY coordinator_witness_age (created_at)) ENGINE=InnoDB",
            "CREATE TABLE IF NOT EXISTS coordinator_identity (only_row INT PRIMARY KEY, id CHAR(36) CHARACTER SET ascii NOT NULL, "
                + "schema_version INT NOT NULL, trimmed_before BIGINT NOT NULL) ENGINE=InnoDB",
            // Last: with the row the version is there.
            "INSERT IGNORE INTO coordinator_identity VALUES (1, UUID(), 1, 0)",
        ],
    ];

    public static int Version => _steps.Length;

    /// <summary>What somebody with the rights has to run where the login itself may not.</summary>
    public static string Script(string database, string login, Flavor flavor)
    {
        var quoted = $"`{database.Replace("`", "``", StringComparison.Ordinal)}`";
        return string.Join(
            Environment.NewLine,
            [
                $"USE {quoted};",
                .. _steps.SelectMany(step => step).Select(statement => statement + ";"),
                $"GRANT SELECT, UPDATE ON {quoted}.coordinator_identity TO {login};",
                $"GRANT SELECT, INSERT, UPDATE ON {quoted}.coordinator_mark TO {login};",
                $"GRANT SELECT, INSERT, DELETE ON {quoted}.coordinator_witness TO {login};",
                $"GRANT {(flavor.IsMariaDb ? "PROCESS" : "XA_RECOVER_ADMIN")} ON *.* TO {login};",
            ]);
    }

    public static async Task EnsureAsync(Session session, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var version = await ReadVersionAsync(session, timeout, cancellationToken);
        if (version > Version)
            throw new ResourceRefusedException($"The database's coordinator tables are of version {version}; this program knows {Version}.");
        if (version < Version)
            await MigrateAsync(session, timeout, cancellationToken);
    }

    private static async Task MigrateAsync(Session session, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(1, (int)timeout.TotalSeconds - 1).ToString(CultureInfo.InvariantCulture);
        var locked = await session.QueryAsync($"SELECT GET_LOCK({LockName}, {seconds})", timeout, cancellationToken);
        if (locked[0][0][0] != "1")
            throw new TimeoutException("Another process has been migrating the coordinator's tables for too long.");
        for (var version = await ReadVersionAsync(session, timeout, cancellationToken); version < Version; version++)
        {
            foreach (var statement in _steps[version])
                await session.ExecuteAsync(statement, timeout, cancellationToken);
        }

        await session.ExecuteAsync($"DO RELEASE_LOCK({LockName})", timeout, cancellationToken);
    }

    private static async Task<int> ReadVersionAsync(Session session, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var tables = await session.QueryAsync("SHOW TABLES LIKE 'coordinator\\_identity'", timeout, cancellationToken);
        if (tables[0].Count == 0)
            return 0;
        var rows = (await session.QueryAsync("SELECT schema_version FROM coordinator_identity", timeout, cancellationToken))[0];
        return rows.Count == 0 ? 0 : int.Parse(rows[0][0]!, CultureInfo.InvariantCulture);
    }
}
