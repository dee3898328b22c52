using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>
/// Deletes old witness rows in bounded batches. The horizon is durable BEFORE the first row goes, so that nobody takes a
/// missing row for a rollback. A plain read sees committed rows only, so the rows of branches that are still prepared
/// are neither waited for nor deleted.
/// </summary>
internal static class WitnessTrim
{
    public static async Task RunAsync(Session session, TimeSpan olderThan, MySqlOptions options, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(olderThan, TimeSpan.Zero);
        var age = ((long)olderThan.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var now = await session.QueryAsync($"SELECT UNIX_TIMESTAMP() - {age}", options.Phase2Timeout, cancellationToken);
        var horizon = long.Parse(now[0][0][0]!, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        await session.ExecuteAsync(
            $"UPDATE coordinator_identity SET trimmed_before = GREATEST(trimmed_before, {horizon})", options.Phase2Timeout, cancellationToken);
        for (var batch = 0; batch < options.TrimBatches; batch++)
        {
            if (await DeleteBatchAsync(session, horizon, options, cancellationToken) < options.TrimBatchSize)
                return;
        }
    }

    private static async Task<int> DeleteBatchAsync(Session session, string horizon, MySqlOptions options, CancellationToken cancellationToken)
    {
        var limit = options.TrimBatchSize.ToString(CultureInfo.InvariantCulture);
        var rows = (await session.QueryAsync(
            $"SELECT HEX(gid) FROM coordinator_witness WHERE created_at < {horizon} ORDER BY created_at LIMIT {limit}",
            options.Phase2Timeout,
            cancellationToken))[0];
        if (rows.Count == 0)
            return 0;
        // Hexadecimal, because what stands in the table is data that anybody may have written.
        var keys = string.Join(',', rows.Select(row => $"X'{row[0]}'"));
        await session.ExecuteAsync($"DELETE FROM coordinator_witness WHERE gid IN ({keys})", options.Phase2Timeout, cancellationToken);
        return rows.Count;
    }
}
