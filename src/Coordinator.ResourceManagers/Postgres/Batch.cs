using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Coordinator.ResourceManagers.Postgres;

/// <summary>Several statements in one round trip.</summary>
internal static class Batch
{
    /// <summary>A time limit as the driver takes it.</summary>
    public static int Seconds(TimeSpan timeout) => Math.Max(1, (int)timeout.TotalSeconds);

    [SuppressMessage("Security", "CA2100", Justification =
        "Statements are constants with ids and numbers spliced in; a BranchId exists only if it matches the grammar.")]
    public static void Add(this NpgsqlBatch batch, string statement) =>
        batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));

    /// <summary>The command for use in a batch, with parameters of its own: it may be changed or disposed afterwards.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "The text is the caller's own and is passed on as it is.")]
    public static NpgsqlBatchCommand Copy(NpgsqlCommand command)
    {
        var copy = new NpgsqlBatchCommand(Work.StatementText.WithoutEnd(command.CommandText).ToString());
        foreach (NpgsqlParameter parameter in command.Parameters)
            copy.Parameters.Add(parameter.Clone());
        return copy;
    }

    /// <summary>Runs the statements; returns the rows of those that return any, each value as text.</summary>
    public static async Task<IReadOnlyList<IReadOnlyList<string?[]>>> QueryAsync(
        NpgsqlBatch batch,
        CancellationToken cancellationToken)
    {
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader, ofColumn: null, cancellationToken);
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

    /// <summary>
    /// The rows of the result where the reader stands and of those that follow, each value as text.
    /// </summary>
    /// <param name="reader">At the first result.</param>
    /// <param name="ofColumn">Only results whose first column has this name; null: all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<IReadOnlyList<IReadOnlyList<string?[]>>> ReadAsync(
        NpgsqlDataReader reader, string? ofColumn, CancellationToken cancellationToken)
    {
        var results = new List<IReadOnlyList<string?[]>>();
        do
        {
            if (reader.FieldCount == 0 || (ofColumn is not null && reader.GetName(0) != ofColumn))
                continue;
            var rows = new List<string?[]>(1);
            while (await reader.ReadAsync(cancellationToken))
            {
                var row = new string?[reader.FieldCount];
                for (var i = 0; i < row.Length; i++)
                    row[i] = reader.IsDBNull(i) ? null : reader.GetString(i);
                rows.Add(row);
            }

            results.Add(rows);
        }
        while (await reader.NextResultAsync(cancellationToken));
        return results;
    }

    private static NpgsqlBatch Create(NpgsqlConnection connection, TimeSpan timeout, string[] statements)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = Seconds(timeout) };
        foreach (var statement in statements)
            batch.Add(statement);
        return batch;
    }
}
