using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>Several statements in one round trip.</summary>
internal static class Batch
{
    [SuppressMessage("Security", "CA2100", Justification =
        "Statements are constants with ids and numbers spliced in; a BranchId exists only if it matches the grammar.")]
    public static NpgsqlBatch Create(NpgsqlConnection connection, TimeSpan timeout, params ReadOnlySpan<string> statements)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = Math.Max(1, (int)timeout.TotalSeconds) };
        foreach (var statement in statements)
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        return batch;
    }

    /// <summary>Runs the statements; returns the rows of those that return any, each value as text.</summary>
    public static async Task<IReadOnlyList<IReadOnlyList<string?[]>>> QueryAsync(
        NpgsqlBatch batch,
        CancellationToken cancellationToken)
    {
        var results = new List<IReadOnlyList<string?[]>>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            if (reader.FieldCount == 0)
                continue;
            var rows = new List<string?[]>();
            while (await reader.ReadAsync(cancellationToken))
            {
                var row = new string?[reader.FieldCount];
                for (var i = 0; i < row.Length; i++)
                    row[i] = await reader.IsDBNullAsync(i, cancellationToken) ? null : reader.GetString(i);
                rows.Add(row);
            }

            results.Add(rows);
        }
        while (await reader.NextResultAsync(cancellationToken));
        return results;
    }

    public static async Task<IReadOnlyList<IReadOnlyList<string?[]>>> QueryAsync(
        NpgsqlConnection connection,
        TimeSpan timeout,
        CancellationToken cancellationToken,
        params string[] statements)
    {
        await using var batch = Create(connection, timeout, statements);
        return await QueryAsync(batch, cancellationToken);
    }

    public static async Task ExecuteAsync(
        NpgsqlConnection connection,
        TimeSpan timeout,
        CancellationToken cancellationToken,
        params string[] statements)
    {
        await using var batch = Create(connection, timeout, statements);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
