using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.TwoPhase;
using Npgsql;
using MySqlConnector;

namespace Coordinator.Benchmarks.Mix;

/// <summary>One database's transaction by hand, on a connection that is kept: BEGIN, the work, COMMIT.</summary>
internal sealed class LocalWorker : IWorker
{
    private static int s_workers;

    private readonly DbConnection _connection;
    private readonly OrderDatabase _database;
    private readonly Work _work;
    private readonly bool _witness;
    private readonly int _number = Interlocked.Increment(ref s_workers);
    private long _transactions;

    private LocalWorker(DbConnection connection, OrderDatabase database, Work work, bool witness) =>
        (_connection, _database, _work, _witness) = (connection, database, work, witness);

    /// <param name="database">Where.</param>
    /// <param name="work">Reads or writes the product's row.</param>
    /// <param name="witness">True: inserts the row that a branch on MariaDB inserts to prove its end.</param>
    public static async Task<LocalWorker> OpenAsync(OrderDatabase database, Work work, bool witness)
    {
        DbConnection connection = database.IsPostgres
            ? new NpgsqlConnection(database.ConnectionString + ";Pooling=false")
            : new MySqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return new LocalWorker(connection, database, work, witness);
    }

    public async Task TransactAsync(int product)
    {
        await ExecuteAsync("BEGIN");
        if (_witness)
        {
            await ExecuteAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"INSERT INTO coordinator_witness (gid, connection_id, created_at, fence) VALUES ('local-{_number}-{++_transactions}', CONNECTION_ID(), UNIX_TIMESTAMP(), 0)"));
        }

        await BranchWorks.RunAsync(_work, _connection, _database, product);
        await ExecuteAsync("COMMIT");
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [SuppressMessage("Security", "CA2100", Justification = "Constants, and numbers of our own.")]
    private async Task ExecuteAsync(string text)
    {
        await using var command = _connection.CreateCommand();
        command.CommandText = text;
        await command.ExecuteNonQueryAsync();
    }
}
