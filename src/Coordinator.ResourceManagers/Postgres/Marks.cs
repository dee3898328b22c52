using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>The coordinators that the database remembers (R7).</summary>
internal static class Marks
{
    // The epoch's number decides first: a position belongs to its epoch, and a log restored from a backup begins a newer
    // epoch at an earlier position. Within one epoch the position only grows; of two starts with one number the first stays.
    private const string Upsert =
        "INSERT INTO coordinator.mark AS m (cluster, epoch_number, epoch_nonce, position) VALUES ($1, $2, $3, $4) "
        + "ON CONFLICT (cluster) DO UPDATE SET "
        + "epoch_number = EXCLUDED.epoch_number, epoch_nonce = EXCLUDED.epoch_nonce, position = EXCLUDED.position "
        + "WHERE EXCLUDED.epoch_number > m.epoch_number OR (EXCLUDED.epoch_number = m.epoch_number "
        + "AND EXCLUDED.epoch_nonce = m.epoch_nonce AND EXCLUDED.position > m.position)";

    public static async Task<int> WriteAsync(NpgsqlConnection connection, CoordinatorMark mark, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Upsert, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = mark.Cluster.Value });
        command.Parameters.Add(new NpgsqlParameter { Value = mark.Epoch.Number });
        command.Parameters.Add(new NpgsqlParameter { Value = (long)mark.Epoch.Nonce, NpgsqlDbType = NpgsqlDbType.Bigint });
        command.Parameters.Add(new NpgsqlParameter { Value = mark.Position, NpgsqlDbType = NpgsqlDbType.Bigint });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static async Task<IReadOnlyList<CoordinatorMark>> ReadAsync(
        NpgsqlConnection connection,
        PostgresOptions options,
        CancellationToken cancellationToken)
    {
        var rows = (await Batch.QueryAsync(
            connection,
            options.Phase2Timeout,
            cancellationToken,
            "SELECT cluster, epoch_number::text, epoch_nonce::text, position::text FROM coordinator.mark ORDER BY cluster"))[0];
        var marks = new List<CoordinatorMark>();
        foreach (var row in rows)
        {
            if (!ClusterId.TryParse(row[0], out var cluster))
                throw new ResourceRefusedException("The table coordinator.mark holds a cluster that no coordinator wrote.");
            var epoch = new Epoch(int.Parse(row[1]!, CultureInfo.InvariantCulture), uint.Parse(row[2]!, CultureInfo.InvariantCulture));
            marks.Add(new CoordinatorMark(cluster, epoch, long.Parse(row[3]!, CultureInfo.InvariantCulture)));
        }

        return marks;
    }
}
