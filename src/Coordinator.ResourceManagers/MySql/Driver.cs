using System.Data.Common;
using MySqlConnector;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>What is set and asked of the driver, MySqlConnector, in one place.</summary>
internal static class Driver
{
    public static DbConnection Create(string connectionString) => new MySqlConnection(connectionString);

    /// <summary>
    /// No pooling: the driver's pool resets a session that returns, and MariaDB finishes a prepared branch on the session
    /// that prepared it. Sessions are pooled by <see cref="SessionPool"/>. A statement whose time is up loses its connection
    /// at once: to kill it first, the driver would open another connection on the one thread that watches all timeouts, and
    /// a server that does not answer would delay those of all other servers.
    /// </summary>
    public static string Configure(string connectionString, TimeSpan connectTimeout, TimeSpan commandTimeout) =>
        new MySqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            AutoEnlist = false,
            ConnectionTimeout = (uint)Seconds(connectTimeout),
            DefaultCommandTimeout = (uint)Seconds(commandTimeout),
            CancellationTimeout = -1,
        }.ConnectionString;

    /// <summary>A connection that is not open yet.</summary>
    /// <param name="connectionString">As <see cref="Configure"/> made it.</param>
    /// <param name="noBackslashEscapes">Whether the server takes a backslash in a literal for itself: the driver does not ask.</param>
    public static MySqlConnection Create(string connectionString, bool noBackslashEscapes) =>
        new(new MySqlConnectionStringBuilder(connectionString) { NoBackslashEscapes = noBackslashEscapes }.ConnectionString);

    /// <summary>A time limit as the driver takes it: whole seconds, rounded up.</summary>
    public static int Seconds(TimeSpan timeout) => (int)Math.Clamp(Math.Ceiling(timeout.TotalSeconds), 1, int.MaxValue / 1000);

    /// <summary>The command for use in a batch, with a text and parameters of its own: it may be changed or disposed afterwards.</summary>
    public static MySqlBatchCommand Copy(DbCommand command)
    {
        var copy = new MySqlBatchCommand(command.CommandText);
        // Asked for only where there are any: the driver makes the collection when it is first asked for.
        if (command.Parameters.Count > 0)
        {
            foreach (MySqlParameter parameter in command.Parameters)
                copy.Parameters.Add(parameter.Clone());
        }

        return copy;
    }

    /// <summary>A DECIMAL as the server wrote it, or null: .NET's own decimal ends at 28 digits.</summary>
    public static string? DecimalText(DbDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : ((MySqlDataReader)reader).GetMySqlDecimal(ordinal).ToString();

    /// <summary>The server's error number; 0 or a client's number if the error is not from the server.</summary>
    public static int ErrorNumber(DbException failure) => failure is MySqlException error ? error.Number : 0;
}
