using System.Globalization;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>
/// Proves how a branch stands, in this order, because each step is a view of its own:
/// 1. The branch's advisory lock is tried. A session and a prepared transaction of the branch hold it from BEGIN to the
///    end, so whoever gets it knows that neither is left, and that the outcome is written.
/// 2. Is the gid listed?
/// 3. With evidence: is this the server that gave it, on a timeline that contains the prepare? Only there does
///    <c>pg_xact_status</c> speak of our transaction and not of another one with the same number.
/// 4. <c>pg_xact_status</c>, read last: committed and aborted are final.
/// </summary>
internal static class OutcomeProof
{
    public static async Task<BranchReport> ReadAsync(
        NpgsqlConnection connection,
        BranchId branch,
        string? evidenceText,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        var results = await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            $"SELECT pg_try_advisory_xact_lock_shared({Gid.LockKey(branch)})::text",
            $"SELECT transaction::text FROM pg_prepared_xacts WHERE gid = '{branch.Gid}'",
            "SELECT pg_is_in_recovery()::text");
        if (results[2][0][0] != "false")
            throw new ResourceRefusedException("The inquiry ran on a standby: it concludes nothing.");
        var isOver = results[0][0][0] == "true";
        var listedXid = results[1].Count > 0 ? results[1][0][0] : null;
        if (!Evidence.TryParse(evidenceText, out var evidence))
            return WithoutEvidence(isOver, listedXid is not null);

        var ownXid = ((uint)evidence.Xid).ToString(CultureInfo.InvariantCulture);
        if (listedXid == ownXid)
            return new BranchReport(BranchOutcome.Prepared, "listed in pg_prepared_xacts");
        if (await WhyNotCoveredAsync(connection, evidence, options, cancellationToken) is { } reason)
            return isOver ? new BranchReport(BranchOutcome.Unknown, reason) : WithoutEvidence(isOver, listedXid is not null);
        return await ReadStatusAsync(connection, evidence, options, cancellationToken);
    }

    private static BranchReport WithoutEvidence(bool isOver, bool isListed) => (isOver, isListed) switch
    {
        (_, true) => new BranchReport(BranchOutcome.Prepared, "listed in pg_prepared_xacts"),
        (false, _) => new BranchReport(BranchOutcome.Active, "a session holds the branch's lock"),
        _ => new BranchReport(BranchOutcome.Unknown, "not prepared, no session, and no evidence of how it ended"),
    };

    private static async Task<BranchReport> ReadStatusAsync(
        NpgsqlConnection connection,
        Evidence evidence,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        var xid = evidence.Xid.ToString(CultureInfo.InvariantCulture);
        var status = (await Batch.QueryAsync(
            connection, options.Phase2Timeout, cancellationToken, $"SELECT pg_xact_status('{xid}'::xid8)"))[0][0][0];
        return status switch
        {
            "committed" => new BranchReport(BranchOutcome.Committed, $"pg_xact_status({xid}) is committed"),
            "aborted" => new BranchReport(BranchOutcome.RolledBack, $"pg_xact_status({xid}) is aborted"),
            "in progress" => new BranchReport(BranchOutcome.Prepared, $"pg_xact_status({xid}) is in progress"),
            _ => new BranchReport(BranchOutcome.Unknown, $"the server has discarded the status of transaction {xid}"),
        };
    }

    // Null if the server's history contains the prepare; else why that is not proven.
    private static async Task<string?> WhyNotCoveredAsync(
        NpgsqlConnection connection,
        Evidence evidence,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        var server = (await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            "SELECT (SELECT system_identifier::text FROM pg_control_system()), "
            + "substring(pg_walfile_name(pg_current_wal_flush_lsn()) FOR 8), pg_current_wal_flush_lsn()::text, "
            + "has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE')::text"))[0][0];
        if (server[0] != evidence.SystemIdentifier)
            return "the evidence is of another server (system_identifier)";
        var timeline = uint.Parse(server[1]!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (timeline == evidence.Timeline)
            return Lsn.Parse(server[2]!) >= evidence.Lsn ? null : "the server's log ends before the prepare: it was restored";
        if (server[3] != "true")
        {
            return $"the server changed its timeline from {evidence.Timeline} to {timeline}, and the login may not read the "
                + "timeline's history (GRANT EXECUTE ON FUNCTION pg_read_file(text, bigint, bigint, boolean))";
        }

        var history = (await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            $"SELECT pg_read_file('{TimelineHistory.FileName(timeline)}', 0, {TimelineHistory.MaxLength}, true)"))[0][0][0];
        // A server on its first timeline has no history, and no ancestors.
        return history is not null && TimelineHistory.Contains(history, evidence.Timeline, evidence.Lsn)
            ? null
            : $"timeline {timeline} does not contain the prepare at {evidence.Lsn} of timeline {evidence.Timeline}";
    }
}
