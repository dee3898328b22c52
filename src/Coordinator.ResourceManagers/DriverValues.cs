using System.Data.Common;
using Coordinator.ResourceManagers.MySql;
using Coordinator.ResourceManagers.Work;
using Npgsql;

namespace Coordinator.ResourceManagers;

/// <summary>
/// What ADO.NET does not offer and a service that passes values on exactly needs of the drivers, on the commands and
/// readers of a branch's connection, and without anybody else naming a driver.
/// </summary>
public static class DriverValues
{
    /// <summary>PostgreSQL: makes a command return each value as the server's own text, which no .NET type cuts short.</summary>
    public static void AskForText(DbCommand command)
    {
        if (Inner(command) is NpgsqlCommand postgres)
            postgres.AllResultTypesAreUnknown = true;
    }

    /// <summary>PostgreSQL: lets the server infer a parameter's type from its place in the statement.</summary>
    public static void LetServerInferType(DbParameter parameter)
    {
        if (parameter is NpgsqlParameter postgres)
            postgres.NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Unknown;
    }

    /// <summary>MySQL and MariaDB: a DECIMAL's digits, all 65 of them; null if it is null.</summary>
    public static string? DecimalText(DbDataReader reader, int ordinal) => Driver.DecimalText(Inner(reader), ordinal);

    /// <summary>The database's own words on a failed statement, without its details, which quote values.</summary>
    public static string MessageOf(DbException failure) => failure is PostgresException postgres
        ? postgres.MessageText
        : failure.Message;

    /// <summary>MySQL's and MariaDB's error number; 0 if there is none.</summary>
    public static int ErrorNumber(DbException failure) => Driver.ErrorNumber(failure);

    private static DbCommand Inner(DbCommand command) => command is BranchCommand branch ? branch.Inner : command;

    private static DbDataReader Inner(DbDataReader reader) => reader is BranchReader branch ? branch.Inner : reader;
}
