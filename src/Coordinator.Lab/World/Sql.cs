using System.Data.Common;
using System.Globalization;
using Coordinator.ResourceManagers.MySql;
using Npgsql;

namespace Coordinator.Lab.World;

/// <summary>Statements of the experiments: constants of this program, with parameters @p0, @p1 …, which both drivers take.</summary>
internal static class Sql
{
    private const int MySqlDeadlock = 1213, MySqlLockTimeout = 1205;

    public static async Task<DbConnection> OpenPostgresAsync(string connectionString, CancellationToken cancellationToken = default) =>
        await OpenAsync(new NpgsqlConnection(connectionString), cancellationToken);

    public static async Task<DbConnection> OpenMySqlAsync(string connectionString, CancellationToken cancellationToken = default) =>
        await OpenAsync(Driver.Create(connectionString), cancellationToken);

    public static async Task<int> ExecuteAsync(
        DbConnection connection, DbTransaction? transaction, string statement, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = Command(connection, transaction, statement, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static Task<int> ExecuteAsync(DbConnection connection, string statement, params object[] parameters) =>
        ExecuteAsync(connection, transaction: null, statement, CancellationToken.None, parameters);

    /// <summary>The first column of the first row as a number; 0 if there is none.</summary>
    public static async Task<long> NumberAsync(
        DbConnection connection, DbTransaction? transaction, string statement, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = Command(connection, transaction, statement, parameters);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken) ?? 0L, CultureInfo.InvariantCulture);
    }

    public static Task<long> NumberAsync(DbConnection connection, string statement, params object[] parameters) =>
        NumberAsync(connection, transaction: null, statement, CancellationToken.None, parameters);

    /// <summary>One column of all rows, as text.</summary>
    public static async Task<List<string>> TextsAsync(DbConnection connection, string statement, int column = 0)
    {
        await using var command = Command(connection, transaction: null, statement, []);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
            texts.Add(Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture)!);
        return texts;
    }

    public static bool IsDeadlock(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected }
        || (failure is DbException error && Driver.ErrorNumber(error) == MySqlDeadlock);

    public static bool IsLockTimeout(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable }
        || (failure is DbException error && Driver.ErrorNumber(error) == MySqlLockTimeout);

    private static async Task<DbConnection> OpenAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static DbCommand Command(DbConnection connection, DbTransaction? transaction, string statement, object[] parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this program.
        command.CommandText = statement;
#pragma warning restore CA2100
        command.Transaction = transaction;
        for (var i = 0; i < parameters.Length; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"@p{i}");
            parameter.Value = parameters[i];
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
