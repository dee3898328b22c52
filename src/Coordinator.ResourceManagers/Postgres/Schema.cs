using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// The tables that the resource manager keeps in the participant's database, made and migrated in order. A step that
/// was released never changes; a change is a new step.
/// </summary>
internal static class Schema
{
    // Taken while migrating, so that of several processes that attach one migrates and the others find it done.
    private const string MigrationLock = "SELECT pg_advisory_xact_lock(4850189527914373121)";

    /// <summary>Step n takes version n to n + 1. Version history: 1, identity and mark.</summary>
    private static readonly string[][] _steps =
    [
        [
            "CREATE SCHEMA IF NOT EXISTS coordinator",
            "CREATE TABLE coordinator.identity (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), "
                + "id text NOT NULL, schema_version integer NOT NULL)",
            "CREATE TABLE coordinator.mark (cluster text PRIMARY KEY, epoch_number integer NOT NULL, "
                + "epoch_nonce bigint NOT NULL, position bigint NOT NULL)",
            "INSERT INTO coordinator.identity (id, schema_version) VALUES (gen_random_uuid()::text, 1)",
        ],
    ];

    public static int Version => _steps.Length;

    /// <summary>What somebody with the rights has to run where the login itself may not.</summary>
    public static string Script(string login) => string.Join(
        Environment.NewLine,
        [.. _steps.SelectMany(step => step).Select(statement => statement + ";"), .. Grants(login)]);

    public static async Task EnsureAsync(NpgsqlConnection connection, PostgresOptions options, CancellationToken cancellationToken)
    {
        var version = await ReadVersionAsync(connection, options, cancellationToken);
        if (version > Version)
            throw new ResourceRefusedException($"The database's coordinator tables are of version {version}; this program knows {Version}.");
        if (version < Version)
            await MigrateAsync(connection, options, cancellationToken);
    }

    private static async Task MigrateAsync(NpgsqlConnection connection, PostgresOptions options, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await Batch.ExecuteAsync(connection, options.Phase2Timeout, cancellationToken, MigrationLock);
        for (var version = await ReadVersionAsync(connection, options, cancellationToken); version < Version; version++)
        {
            await Batch.ExecuteAsync(connection, options.Phase2Timeout, cancellationToken, _steps[version]);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<int> ReadVersionAsync(NpgsqlConnection connection, PostgresOptions options, CancellationToken cancellationToken)
    {
        var found = await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            "SELECT (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            + "WHERE n.nspname = 'coordinator' AND c.relname = 'identity')::text");
        if (found[0][0][0] is null)
            return 0;
        var version = await Batch.QueryAsync(
            connection, options.Phase2Timeout, cancellationToken, "SELECT schema_version::text FROM coordinator.identity");
        return int.Parse(version[0][0][0]!, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string[] Grants(string login)
    {
        var role = $"\"{login.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        return
        [
            $"GRANT USAGE ON SCHEMA coordinator TO {role};",
            $"GRANT SELECT ON coordinator.identity TO {role};",
            $"GRANT SELECT, INSERT, UPDATE ON coordinator.mark TO {role};",
        ];
    }
}
