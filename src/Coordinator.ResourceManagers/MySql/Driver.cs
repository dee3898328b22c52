using System.Data.Common;
using MySqlConnector;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>The only place that names the driver: MySql.Data, or MySqlConnector with <c>UseMySqlConnector=true</c>.</summary>
internal static class Driver
{
    public static DbConnection Create(string connectionString) => new MySqlConnection(connectionString);

    /// <summary>
    /// No pooling: for a driver's pool returning is not a disconnect, and MySql.Data's throws on a connection that holds a
    /// prepared branch. Sessions are pooled by <see cref="SessionPool"/>.
    /// </summary>
    public static string Configure(string connectionString, TimeSpan connectTimeout, TimeSpan commandTimeout) =>
        new MySqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            AutoEnlist = false,
            ConnectionTimeout = (uint)Math.Max(1, Math.Ceiling(connectTimeout.TotalSeconds)),
            DefaultCommandTimeout = (uint)Math.Max(1, Math.Ceiling(commandTimeout.TotalSeconds)),
        }.ConnectionString;

    /// <summary>
    /// A statement without parameters in a form that the driver copies as it is: as a comment that the server executes.
    /// MySql.Data looks at each word and each space between them of a text, which took it a fifth of its time.
    /// </summary>
    public static string Opaque(string statement)
    {
        return statement;
    }

    /// <summary>A parameter of the same name, type and value that belongs to no command.</summary>
    public static DbParameter Copy(DbParameter parameter) => ((MySqlParameter)parameter).Clone();

    /// <summary>A DECIMAL as the server wrote it, or null: .NET's own decimal ends at 28 digits.</summary>
    public static string? DecimalText(DbDataReader reader, int ordinal)
    {
        return reader.IsDBNull(ordinal) ? null : ((MySqlDataReader)reader).GetMySqlDecimal(ordinal).ToString();
    }

    /// <summary>The server's error number; 0 or a client's number if the error is not from the server.</summary>
    public static int ErrorNumber(DbException failure) => failure is MySqlException error ? error.Number : 0;
}
