using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Coordinator.Benchmarks.Databases;

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
    [SuppressMessage("Security", "CA2100", Justification = "A constant with a placeholder.")]
    public static async Task RunAsync(Work work, DbConnection connection, OrderDatabase database, int product)
    {
        await using var command = connection.CreateCommand();
        var placeholder = database.IsPostgres ? "$1" : "@product";
        command.CommandText = work == Work.Write ? OrderDatabase.Update(placeholder) : OrderDatabase.Select(placeholder);
        var parameter = command.CreateParameter();
        if (!database.IsPostgres)
            parameter.ParameterName = placeholder;
        parameter.DbType = DbType.Int32;
        parameter.Value = product;
        command.Parameters.Add(parameter);
        var isThere = work == Work.Write
            ? await command.ExecuteNonQueryAsync() == 1
            : await command.ExecuteScalarAsync() is not null;
        if (!isThere)
            throw new InvalidOperationException($"Product {product} is not there.");
    }
}
