using System.Globalization;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// Lists the prepared branches of this database; those of its neighbours on the same server can be finished only there.
/// On a standby <c>pg_prepared_xacts</c> is empty whatever is prepared, so the scan asks which it is, first and in the
/// same round trip: a server that was a primary then is one while it lists.
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
            "SELECT gid, extract(epoch FROM prepared)::text FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared, gid");
        if (results[0][0][0] != "false")
            throw new ResourceRefusedException("The scan ran on a standby, where no prepared branch can be seen: it concludes nothing.");
        return new PreparedScan([.. results[1].Select(Read)], results[0][0][1]!);
    }

    private static PreparedBranch Read(string?[] row)
    {
        var id = BranchId.TryParse(row[0], out var own) ? own : null;
        var seconds = double.Parse(row[1]!, CultureInfo.InvariantCulture);
        return new PreparedBranch(PrintableText.Of(row[0]!), id, DateTimeOffset.UnixEpoch.AddSeconds(seconds));
    }
}
