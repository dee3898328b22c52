using System.Diagnostics.CodeAnalysis;
using Coordinator.Benchmarks.Databases;
using MySqlConnector;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>MariaDB by hand, with the resource manager's driver. It finishes a branch on the connection that prepared it.</summary>
[SuppressMessage("Security", "CA2100", Justification = "The texts are constants with an id of our own making.")]
internal sealed class HandMariaDb : IHandBranch
{
    private readonly MySqlConnection _connection;
    private readonly bool _merged;
    private readonly string _updateText;
    private readonly MySqlCommand _update;
    private readonly MySqlCommand _command;
    private readonly MySqlParameter _product = new("@product", MySqlDbType.Int32);
    private readonly MySqlParameter _mergedProduct = new("@product", MySqlDbType.Int32);

    private HandMariaDb(MySqlConnection connection, string update, bool merged)
    {
        (_connection, _updateText, _merged) = (connection, update, merged);
        _update = new MySqlCommand(update, connection) { Parameters = { _product } };
        _command = new MySqlCommand { Connection = connection };
        if (merged)
            _update.Parameters[0] = _mergedProduct;
    }

    /// <param name="database">Where.</param>
    /// <param name="merged">True: all that can share a round trip does.</param>
    public static async Task<HandMariaDb> OpenAsync(OrderDatabase database, bool merged)
    {
        var connection = new MySqlConnection(database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return new HandMariaDb(connection, OrderDatabase.Update("@product"), merged);
    }

    public async Task WorkAndPrepareAsync(string id, int product)
    {
        if (_merged)
        {
            _mergedProduct.Value = product;
            _update.CommandText = $"XA START '{id}'; {_updateText}; XA END '{id}'; XA PREPARE '{id}'";
            await _update.ExecuteNonQueryAsync();
            return;
        }

        await ExecuteAsync($"XA START '{id}'");
        _product.Value = product;
        await _update.ExecuteNonQueryAsync();
        await ExecuteAsync($"XA END '{id}'");
        await ExecuteAsync($"XA PREPARE '{id}'");
    }

    public Task CommitAsync(string id) => ExecuteAsync($"XA COMMIT '{id}'");

    public async ValueTask DisposeAsync()
    {
        await _update.DisposeAsync();
        await _command.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private Task<int> ExecuteAsync(string text)
    {
        _command.CommandText = text;
        return _command.ExecuteNonQueryAsync();
    }
}
