using System.Diagnostics.CodeAnalysis;
using Coordinator.Benchmarks.Databases;
using Npgsql;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>PostgreSQL by hand, with Npgsql. Ids are made of digits and letters here, so they may stand in the text.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The texts are constants with an id of our own making.")]
internal sealed class HandPostgres : IHandBranch
{
    private readonly NpgsqlConnection _connection;
    private readonly bool _merged;
    private readonly NpgsqlCommand _begin;
    private readonly NpgsqlCommand _update;
    private readonly NpgsqlCommand _end;
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlParameter<int> _product = new();
    private readonly NpgsqlParameter<int> _batchProduct = new();

    private HandPostgres(NpgsqlConnection connection, string update, bool merged)
    {
        (_connection, _merged) = (connection, merged);
        _begin = new NpgsqlCommand("BEGIN", connection);
        _update = new NpgsqlCommand(update, connection) { Parameters = { _product } };
        _end = new NpgsqlCommand { Connection = connection };
        _batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN"),
                new NpgsqlBatchCommand(update) { Parameters = { _batchProduct } },
                new NpgsqlBatchCommand(),
            },
        };
    }

    /// <param name="database">Where.</param>
    /// <param name="merged">True: all that can share a round trip does.</param>
    public static async Task<HandPostgres> OpenAsync(OrderDatabase database, bool merged)
    {
        var connection = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return new HandPostgres(connection, OrderDatabase.Update("$1"), merged);
    }

    public async Task WorkAndPrepareAsync(string id, int product)
    {
        if (_merged)
        {
            _batchProduct.TypedValue = product;
            _batch.BatchCommands[2].CommandText = $"PREPARE TRANSACTION '{id}'";
            await _batch.ExecuteNonQueryAsync();
            return;
        }

        await _begin.ExecuteNonQueryAsync();
        _product.TypedValue = product;
        await _update.ExecuteNonQueryAsync();
        _end.CommandText = $"PREPARE TRANSACTION '{id}'";
        await _end.ExecuteNonQueryAsync();
    }

    public async Task CommitAsync(string id)
    {
        _end.CommandText = $"COMMIT PREPARED '{id}'";
        await _end.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _begin.DisposeAsync();
        await _update.DisposeAsync();
        await _end.DisposeAsync();
        await _batch.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
