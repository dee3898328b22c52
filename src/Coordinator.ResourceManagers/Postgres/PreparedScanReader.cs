using System.Globalization;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// Lists the prepared branches of this database; those of its neighbours on the same server can be finished only there.
/// On a standby <c>pg_prepared_xacts</c> is empty whatever is prepared, so the scan asks which it is, first and in the
/// same round trip: a server that was a primary then is one while it lists. Each of ours comes with its evidence, since
/// another may finish it before the command that follows the scan arrives.
/// </summary>
internal static class PreparedScanReader
{
    public static async Task<PreparedScan> ReadAsync(
        NpgsqlConnection connection,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        var results = await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            "SELECT pg_is_in_recovery()::text, " + Attachment.ServerStart,
            "SELECT gid, extract(epoch FROM prepared)::text, transaction::text FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared, gid");
        if (results[0][0][0] != "false")
            throw new ResourceRefusedException("The scan ran on a standby, where no prepared branch can be seen: it concludes nothing.");
        var start = results[0][0][1]!;
        if (!results[1].Any(row => BranchId.TryParse(row[0], out _)))
            return new PreparedScan([.. results[1].Select(row => Read(row, server: null))], start);
        // AFTER the list: a flushed position behind every prepare listed, and a number near theirs.
        var server = (await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            "SELECT system_identifier::text, substring(pg_walfile_name(pg_current_wal_flush_lsn()) FOR 8), "
            + "pg_current_wal_flush_lsn()::text, pg_snapshot_xmax(pg_current_snapshot())::text FROM pg_control_system()"))[0][0];
        return new PreparedScan([.. results[1].Select(row => Read(row, server))], start);
    }

    private static PreparedBranch Read(string?[] row, string?[]? server)
    {
        var id = BranchId.TryParse(row[0], out var own) ? own : null;
        var seconds = double.Parse(row[1]!, CultureInfo.InvariantCulture);
        var evidence = id is null || server is null ? null : new Evidence(
            server[0]!,
            uint.Parse(server[1]!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            FullXid(uint.Parse(row[2]!, CultureInfo.InvariantCulture), ulong.Parse(server[3]!, CultureInfo.InvariantCulture)),
            Lsn.Parse(server[2]!));
        return new PreparedBranch(PrintableText.Of(row[0]!), id, DateTimeOffset.UnixEpoch.AddSeconds(seconds), evidence?.ToString());
    }

    // The list has the low half of a number that counts on for ever. It is less than half a round away from the snapshot's
    // end, and may be above it: that is one more than the last transaction that is over.
    private static ulong FullXid(uint listed, ulong near) => unchecked(near + (ulong)(int)(listed - (uint)near));
}
