using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Coordinator.Benchmarks.Databases;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>The work of one branch, as an application does it on the connection that the SDK gives it.</summary>
internal static class BranchUpdate
{
    [SuppressMessage("Security", "CA2100", Justification = "A constant with a placeholder.")]
    public static async Task RunAsync(DbConnection connection, OrderDatabase database, int product)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = OrderDatabase.Update(database.IsPostgres ? "$1" : "@product");
        var parameter = command.CreateParameter();
        if (!database.IsPostgres)
            parameter.ParameterName = "@product";
        parameter.DbType = DbType.Int32;
        parameter.Value = product;
        command.Parameters.Add(parameter);
        if (await command.ExecuteNonQueryAsync() != 1)
            throw new InvalidOperationException($"Product {product} is not there.");
    }
}
