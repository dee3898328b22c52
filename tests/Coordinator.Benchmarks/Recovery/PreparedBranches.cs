using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Coordinator.Benchmarks.Databases;
using Npgsql;

namespace Coordinator.Benchmarks.Recovery;

/// <summary>Branches on PostgreSQL as a participant leaves them that was killed after it had prepared them.</summary>
internal static class PreparedBranches
{
    private const int AtOnce = 8;

    /// <summary>Prepares a branch under each id, each with a row in the table <c>recovered</c>.</summary>
    public static async Task PrepareAsync(OrderDatabase database, IReadOnlyList<BranchId> branches)
    {
        await database.Server.QueryAsync("CREATE TABLE recovered (number INT PRIMARY KEY);", database.Name);
        var left = new ConcurrentQueue<(int Number, BranchId Branch)>(branches.Select((branch, number) => (number, branch)));
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            await using var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            while (left.TryDequeue(out var next))
                await PrepareAsync(connection, next.Number, next.Branch);
        }));
    }

    public static async Task<int> CountRecoveredAsync(OrderDatabase database) =>
        int.Parse((await database.Server.QueryAsync("SELECT count(*) FROM recovered;", database.Name))[0], CultureInfo.InvariantCulture);

    [SuppressMessage("Security", "CA2100", Justification = "A BranchId exists only if it matches the grammar.")]
    private static async Task PrepareAsync(NpgsqlConnection connection, int number, BranchId branch)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN"),
                new NpgsqlBatchCommand("INSERT INTO recovered VALUES ($1)") { Parameters = { new NpgsqlParameter<int> { TypedValue = number } } },
                new NpgsqlBatchCommand($"PREPARE TRANSACTION '{branch.Gid}'"),
            },
        };
        await batch.ExecuteNonQueryAsync();
    }
}
