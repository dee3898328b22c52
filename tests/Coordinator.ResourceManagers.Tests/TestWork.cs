using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.ResourceManagers.Tests;

internal static class TestWork
{
    public static readonly BranchOptions Options = new(LockTimeout: TimeSpan.FromSeconds(2));

    [SuppressMessage("Security", "CA2100", Justification = "The tests' own constants.")]
    public static async Task<int> ExecuteAsync(this DbConnection connection, string statement, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = statement;
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [SuppressMessage("Security", "CA2100", Justification = "The tests' own constants.")]
    public static void Defer(this IBranchSession session, string statement, int? expectedRows = null, params (string Name, object Value)[] parameters)
    {
        using var command = session.Connection.CreateCommand();
        command.CommandText = statement;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        session.Defer(command, expectedRows);
    }

    public static Task InsertAsync(this IBranchSession session, int row) =>
        session.Connection.ExecuteAsync($"INSERT INTO account VALUES ({row}, 100)");
}
