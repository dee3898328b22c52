using System.Globalization;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// Attaching: 1. the server must be able to take part; 2. the tables are there or are made; 3. the login has its rights;
/// 4. identity and marks are read.
/// </summary>
internal static class Attachment
{
    /// <summary>PostgreSQL 14 is the first whose <c>pg_terminate_backend</c> waits until the session is gone.</summary>
    private const int OldestVersion = 140000;

    /// <summary>Changes at a restart, and at a promotion, which need not be one.</summary>
    public const string ServerStart =
        "extract(epoch FROM pg_postmaster_start_time())::text || '/' || CASE WHEN pg_is_in_recovery() THEN 'standby' "
        + "ELSE substring(pg_walfile_name(pg_current_wal_flush_lsn()) FOR 8) END";

    public static async Task<ResourceAttachment> AttachAsync(
        NpgsqlConnection connection,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        var server = (await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            "SELECT current_setting('server_version_num'), pg_is_in_recovery()::text, "
            + "current_setting('max_prepared_transactions'), current_setting('max_connections'), current_database()::text, "
            + "(SELECT system_identifier::text FROM pg_control_system()), " + ServerStart + ", version(), current_user::text"))[0][0];
        Check(server);
        var login = server[8]!;
        try
        {
            await Schema.EnsureAsync(connection, options, cancellationToken);
            var identity = await ReadIdentityAsync(connection, options, cancellationToken);
            return new ResourceAttachment(
                new ResourceIdentity(ResourceKind.Postgres, server[5]!, server[4]!, identity),
                await Marks.ReadAsync(connection, options, cancellationToken),
                server[6]!,
                server[7]!,
                Number(server[2]),
                options.WorkPoolSize);
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new ResourceRefusedException(
                $"The login {login} lacks a right in database {server[4]} ({refused.MessageText}). As an owner of the "
                + $"database run what of this is missing:{Environment.NewLine}{Schema.Script(login)}",
                refused);
        }
    }

    private static void Check(string?[] server)
    {
        if (Number(server[0]) < OldestVersion)
            throw new ResourceRefusedException($"PostgreSQL 14 or newer is needed; this is {server[7]}.");
        if (server[1] != "false")
            throw new ResourceRefusedException("This server is a standby (pg_is_in_recovery): attach to the primary.");
        if (Number(server[2]) == 0)
        {
            throw new ResourceRefusedException(
                "max_prepared_transactions is 0, so PREPARE TRANSACTION is disabled. Set max_prepared_transactions in "
                + "postgresql.conf to at least the number of branches at once (max_connections is a good value) and restart "
                + "the server: ALTER SYSTEM SET max_prepared_transactions = 100;");
        }
    }

    private static async Task<string> ReadIdentityAsync(NpgsqlConnection connection, PostgresOptions options, CancellationToken cancellationToken)
    {
        var rows = (await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            "SELECT id, (has_table_privilege('coordinator.mark', 'SELECT') AND has_table_privilege('coordinator.mark', 'INSERT') "
            + "AND has_table_privilege('coordinator.mark', 'UPDATE'))::text FROM coordinator.identity"))[0];
        if (rows.Count != 1)
            throw new ResourceRefusedException("The table coordinator.identity has no row: it was emptied by hand.");
        if (rows[0][1] != "true")
            throw new PostgresException("SELECT, INSERT or UPDATE on coordinator.mark", "ERROR", "ERROR", PostgresErrorCodes.InsufficientPrivilege);
        return rows[0][0]!;
    }

    private static int Number(string? text) => int.Parse(text!, CultureInfo.InvariantCulture);
}
