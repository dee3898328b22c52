using System.Globalization;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>The coordinators that the database remembers (R7).</summary>
internal static class Marks
{
    // The epoch's number decides first: a position belongs to its epoch, and a log restored from a backup begins a newer
    // epoch at an earlier position. Within one epoch the position only grows; of two starts with one number the first
    // stays. Assignments are made in order and see those before them, so the number changes last.
    public static string Upsert(CoordinatorMark mark) => string.Create(
        CultureInfo.InvariantCulture,
        $"INSERT INTO coordinator_mark (cluster, epoch_number, epoch_nonce, log_position) VALUES ('{mark.Cluster.Value}', {mark.Epoch.Number}, {mark.Epoch.Nonce}, {mark.Position}) "
        + $"ON DUPLICATE KEY UPDATE log_position = IF(epoch_number < {mark.Epoch.Number} OR (epoch_number = {mark.Epoch.Number} "
        + $"AND epoch_nonce = {mark.Epoch.Nonce} AND log_position < {mark.Position}), {mark.Position}, log_position), "
        + $"epoch_nonce = IF(epoch_number < {mark.Epoch.Number}, {mark.Epoch.Nonce}, epoch_nonce), "
        + $"epoch_number = GREATEST(epoch_number, {mark.Epoch.Number})");

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
