using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>The coordinators that the database remembers (R7).</summary>
internal static class Marks
{
    // Number and position grow independently; of two starts with one number the first stays. Assignments are made in
    // order, so the nonce is chosen before the number changes.
    public static string Upsert(CoordinatorMark mark) => string.Create(
        CultureInfo.InvariantCulture,
        $"INSERT INTO coordinator_mark (cluster, epoch_number, epoch_nonce, log_position) VALUES ('{mark.Cluster.Value}', {mark.Epoch.Number}, {mark.Epoch.Nonce}, {mark.Position}) "
        + $"ON DUPLICATE KEY UPDATE epoch_nonce = IF(epoch_number < {mark.Epoch.Number}, {mark.Epoch.Nonce}, epoch_nonce), "
        + $"epoch_number = GREATEST(epoch_number, {mark.Epoch.Number}), log_position = GREATEST(log_position, {mark.Position})");

    public static async Task<IReadOnlyList<CoordinatorMark>> ReadAsync(Session session, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var rows = (await session.QueryAsync(
            "SELECT cluster, epoch_number, epoch_nonce, log_position FROM coordinator_mark ORDER BY cluster", timeout, cancellationToken))[0];
        var marks = new List<CoordinatorMark>();
        foreach (var row in rows)
        {
            if (!ClusterId.TryParse(row[0], out var cluster))
                throw new ResourceRefusedException("The table coordinator_mark holds a cluster that no coordinator wrote.");
            var epoch = new Epoch(int.Parse(row[1]!, CultureInfo.InvariantCulture), uint.Parse(row[2]!, CultureInfo.InvariantCulture));
            marks.Add(new CoordinatorMark(cluster, epoch, long.Parse(row[3]!, CultureInfo.InvariantCulture)));
        }

        return marks;
    }
}
