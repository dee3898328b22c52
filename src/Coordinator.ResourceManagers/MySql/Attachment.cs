using System.Data.Common;
using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Attaching: 1. the server must be able to take part; 2. the tables are there or are made; 3. the login has its rights,
/// tried by using them; 4. identity and marks are read.
/// </summary>
internal static class Attachment
{
    private const string Settings =
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'server_uuid', 'server_uid', 'wsrep_on', "
        + "'xa_detach_on_prepare', 'max_connections', 'default_storage_engine', 'read_only')";

    public static async Task<(Flavor Flavor, ResourceAttachment Attachment)> AttachAsync(
        Session session, MySqlOptions options, CancellationToken cancellationToken)
    {
        var first = await session.QueryAsync($"{Settings}; SELECT DATABASE(), CURRENT_USER()", options.Phase2Timeout, cancellationToken);
        var settings = first[0].ToDictionary(row => row[0]!, row => row[1]!, StringComparer.OrdinalIgnoreCase);
        var database = first[1][0][0]
            ?? throw new ResourceRefusedException("The connection string names no database.");
        var flavor = new Flavor(settings["version"].Contains("MariaDB", StringComparison.OrdinalIgnoreCase));
        Check(settings, flavor);
        var login = QuoteLogin(first[1][0][1]!);
        try
        {
            await Schema.EnsureAsync(session, options.Phase2Timeout, cancellationToken);
            var identity = await ReadIdentityAsync(session, options, cancellationToken);
            var marks = await Marks.ReadAsync(session, options.Phase2Timeout, cancellationToken);
            await TryRightsAsync(session, flavor, options, cancellationToken);
            var start = ServerStart.Read(await session.QueryAsync(ServerStart.Query, options.Phase2Timeout, cancellationToken));
            var server = settings.GetValueOrDefault(flavor.IsMariaDb ? "server_uid" : "server_uuid", "none");
            return (flavor, new ResourceAttachment(
                new ResourceIdentity(flavor.Kind, server, database, identity),
                marks,
                start,
                (flavor.IsMariaDb ? "MariaDB " : "MySQL ") + settings["version"],
                int.Parse(settings["max_connections"], CultureInfo.InvariantCulture),
                options.WorkPoolSize));
        }
        catch (DbException refused) when (IsMissingRight(Driver.ErrorNumber(refused)))
        {
            throw new ResourceRefusedException(
                $"The login {login} lacks a right in database {database} ({refused.Message}). As an administrator run what of "
                + $"this is missing:{Environment.NewLine}{Schema.Script(database, login, flavor)}",
                refused);
        }
    }

    private static void Check(Dictionary<string, string> settings, Flavor flavor)
    {
        var version = Version.Parse(settings["version"].Split('-')[0]);
        var oldest = flavor.IsMariaDb ? new Version(10, 5, 2) : new Version(8, 0, 29);
        if (version < oldest)
        {
            throw new ResourceRefusedException(flavor.IsMariaDb
                ? $"MariaDB 10.5.2 or newer is needed, the first that keeps a prepared branch over a disconnect; this is {version}."
                : $"MySQL 8.0.29 or newer is needed, the first that detaches a branch at prepare; this is {version}.");
        }

        if (IsOn(settings, "wsrep_on"))
            throw new ResourceRefusedException("Galera (wsrep_on) does not keep prepared branches: it cannot take part.");
        if (IsOn(settings, "read_only"))
            throw new ResourceRefusedException("The server is read-only, a replica perhaps: attach to the primary.");
        if (!flavor.IsMariaDb && !IsOn(settings, "xa_detach_on_prepare"))
        {
            throw new ResourceRefusedException(
                "xa_detach_on_prepare is OFF, so a prepared branch could not be finished when its connection is lost. "
                + "SET PERSIST xa_detach_on_prepare = ON;");
        }

        if (!settings["default_storage_engine"].Equals("InnoDB", StringComparison.OrdinalIgnoreCase))
        {
            throw new ResourceRefusedException(
                $"default_storage_engine is {settings["default_storage_engine"]}: rows of other engines than InnoDB survive a "
                + "rollback. Set default_storage_engine=InnoDB and see that the tables of branches are InnoDB.");
        }
    }

    private static async Task TryRightsAsync(Session session, Flavor flavor, MySqlOptions options, CancellationToken cancellationToken)
    {
        await session.ExecuteAsync(flavor.XaRecover, options.Phase2Timeout, cancellationToken);
        if (flavor.IsMariaDb)
            await session.ExecuteAsync("SELECT COUNT(*) FROM information_schema.innodb_trx", options.Phase2Timeout, cancellationToken);
        // None of these touches a row.
        await session.ExecuteAsync(
            "UPDATE coordinator_identity SET schema_version = schema_version WHERE only_row = 0; "
            + "DELETE FROM coordinator_witness WHERE gid = ''; "
            + "INSERT INTO coordinator_witness (gid, connection_id, created_at, fence) SELECT '', 0, 0, 0 FROM coordinator_identity WHERE only_row = 0; "
            + "INSERT INTO coordinator_mark SELECT '', 0, 0, 0 FROM coordinator_identity WHERE only_row = 0; "
            + "UPDATE coordinator_mark SET epoch_number = 0 WHERE cluster = ''",
            options.Phase2Timeout,
            cancellationToken);
    }

    private static async Task<string> ReadIdentityAsync(Session session, MySqlOptions options, CancellationToken cancellationToken)
    {
        var rows = (await session.QueryAsync("SELECT id FROM coordinator_identity", options.Phase2Timeout, cancellationToken))[0];
        return rows.Count == 1
            ? rows[0][0]!
            : throw new ResourceRefusedException("The table coordinator_identity has no row: it was emptied by hand.");
    }

    private static bool IsOn(Dictionary<string, string> settings, string name) =>
        settings.TryGetValue(name, out var value) && (value == "1" || value.Equals("ON", StringComparison.OrdinalIgnoreCase));

    // 1044, 1142, 1143: no right to a database, table, column; 1227: a server-wide one; 1401: XA RECOVER on MySQL.
    private static bool IsMissingRight(int number) => number is 1044 or 1142 or 1143 or ErrorClassifier.Denied or 1401;

    private static string QuoteLogin(string login)
    {
        var at = login.LastIndexOf('@');
        return $"'{login[..at]}'@'{login[(at + 1)..]}'";
    }
}
