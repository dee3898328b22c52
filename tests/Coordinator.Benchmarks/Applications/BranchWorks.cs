using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Coordinator.Benchmarks.Databases;
using Coordinator.Participant.Session;

namespace Coordinator.Benchmarks.Applications;

/// <summary>What is done with a product's row.</summary>
internal enum Work
{
    Read,
    Write,
}

/// <summary>The work of one branch, as an application does it on the connection that the SDK gives it.</summary>
internal static class BranchWorks
{
    public static async Task RunAsync(Work work, DbConnection connection, OrderDatabase database, int product)
    {
        await using var command = Create(work, connection, database, product);
        var isThere = work == Work.Write
            ? await command.ExecuteNonQueryAsync() == 1
            : await command.ExecuteScalarAsync() is not null;
        if (!isThere)
            throw new InvalidOperationException($"Product {product} is not there.");
    }

    /// <summary>Leaves the write to the prepare, in whose round trip it is run and its row counted.</summary>
    public static async Task DeferAsync(BranchWork work, OrderDatabase database, int product)
    {
        await using var command = Create(Work.Write, work.Connection, database, product);
        work.Defer(command, expectedRows: 1);
    }

    [SuppressMessage("Security", "CA2100", Justification = "A constant with a placeholder.")]
    private static DbCommand Create(Work work, DbConnection connection, OrderDatabase database, int product)
    {
        var command = connection.CreateCommand();
        var placeholder = database.IsPostgres ? "$1" : "@product";
        command.CommandText = work == Work.Write ? OrderDatabase.Update(placeholder) : OrderDatabase.Select(placeholder);
        var parameter = command.CreateParameter();
        if (!database.IsPostgres)
            parameter.ParameterName = placeholder;
        parameter.DbType = DbType.Int32;
        parameter.Value = product;
        command.Parameters.Add(parameter);
        return command;
    }
}
