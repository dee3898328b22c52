using System.Data.Common;
using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>What the witness table says of a branch.</summary>
internal enum WitnessState
{
    /// <summary>The branch's own row is there: it committed.</summary>
    Committed,

    /// <summary>A resolver's row is there: the branch was rolled back, and a late one of the same id cannot write.</summary>
    Fenced,

    /// <summary>No row: the branch did not commit.</summary>
    Absent,

    /// <summary>The row's lock is held: the branch is at work, prepared, or hidden (see <see cref="Finisher"/>).</summary>
    Locked,
}

/// <summary>
/// The row with the unique gid that each branch inserts first. It is committed or rolled back with the branch, so reading
/// it with a lock proves the outcome, whatever the server answered to XA COMMIT.
/// </summary>
internal static class Witness
{
    /// <summary>The branch's own row; it stands in the same round trip as XA START.</summary>
    public static string Insert(BranchId branch, ulong sessionNumber, long begunAt) => InsertRow(
        branch,
        sessionNumber.ToString(CultureInfo.InvariantCulture),
        begunAt.ToString(CultureInfo.InvariantCulture),
        fence: "0");

    public static async Task<WitnessState> ReadAsync(Session session, BranchId branch, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var rows = (await session.QueryAsync(
                $"SELECT fence FROM coordinator_witness WHERE gid = '{branch.Gid}' LOCK IN SHARE MODE", timeout, cancellationToken))[0];
            if (rows.Count == 0)
                return WitnessState.Absent;
            return rows[0][0] is "0" or "False" ? WitnessState.Committed : WitnessState.Fenced;
        }
        catch (DbException failure) when (Driver.ErrorNumber(failure) == ErrorClassifier.LockWaitTimeout)
        {
            return WitnessState.Locked;
        }
    }

    /// <summary>
    /// Inserts the same key: blocks while the branch is at work or prepared, is a duplicate after its commit, and succeeds
    /// after its rollback. Being durable it makes the rollback before it durable too, which XA ROLLBACK alone is not on
    /// MariaDB (12 acknowledged ones came back prepared after 65 kills).
    /// </summary>
    public static async Task<WitnessState> FenceAsync(Session session, BranchId branch, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await session.ExecuteAsync(InsertRow(branch, "CONNECTION_ID()", "UNIX_TIMESTAMP()", fence: "1"), timeout, cancellationToken);
            return WitnessState.Fenced;
        }
        catch (DbException failure) when (Driver.ErrorNumber(failure) == ErrorClassifier.DuplicateKey)
        {
            return await ReadAsync(session, branch, timeout, cancellationToken);
        }
        catch (DbException failure) when (Driver.ErrorNumber(failure) == ErrorClassifier.LockWaitTimeout)
        {
            return WitnessState.Locked;
        }
    }

    /// <summary>True if rows of the branch's age have been trimmed, so that a missing one proves nothing.</summary>
    public static async Task<bool> MayBeTrimmedAsync(Session session, Evidence? evidence, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (evidence is null)
            return false;
        var horizon = (await session.QueryAsync("SELECT trimmed_before FROM coordinator_identity", timeout, cancellationToken))[0][0][0];
        return evidence.BegunAt < long.Parse(horizon!, CultureInfo.InvariantCulture);
    }

    private static string InsertRow(BranchId branch, string connectionId, string createdAt, string fence) =>
        "INSERT INTO coordinator_witness (gid, connection_id, created_at, fence) "
        + $"VALUES ('{branch.Gid}', {connectionId}, {createdAt}, {fence})";
}
