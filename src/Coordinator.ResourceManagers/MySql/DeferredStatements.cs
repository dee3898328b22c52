using System.Data.Common;
using Coordinator.ResourceManagers.Work;
using MySqlConnector;

namespace Coordinator.ResourceManagers.MySql;

/// <summary>Statements that wait for the prepare, with copies of their texts and parameters.</summary>
internal sealed class DeferredStatements
{
    private readonly List<(MySqlBatchCommand Command, int? ExpectedRows)> _statements = [];

    public int Count => _statements.Count;

    /// <summary>
    /// How many rows the one statement that waits is to change, if the sum that the driver gives for a whole batch tells it;
    /// null if nothing is expected, or each has to be counted by the server.
    /// </summary>
    public int? OnlyExpectedRows =>
        _statements is [var only] && StatementText.TellsRows(only.Command.CommandText) ? only.ExpectedRows : null;

    /// <param name="command">Its text and parameters are copied.</param>
    /// <param name="expectedRows">How many rows it is to change; null: any number.</param>
    /// <exception cref="NotSupportedException">
    /// It may leave a comment open, which would take in what follows, XA PREPARE too. A comment up to the line's end the driver ends.
    /// </exception>
    public void Add(DbCommand command, int? expectedRows)
    {
        if (StatementText.MayLeaveCommentOpen(command.CommandText))
            throw new NotSupportedException("A deferred command closes its comments; where /* stands in a literal, pass that as a parameter.");
        _statements.Add((Driver.Copy(command), expectedRows));
    }

    /// <summary>Moves them into a batch, in their order.</summary>
    /// <param name="batch">Where to.</param>
    /// <param name="check">Makes the statement that fails if the one before it changed another number of rows; null: none are checked.</param>
    public void MoveTo(MySqlBatch batch, Func<int, MySqlBatchCommand>? check)
    {
        foreach (var (command, expectedRows) in _statements)
        {
            batch.BatchCommands.Add(command);
            if (expectedRows is { } expected && check is not null)
                batch.BatchCommands.Add(check(expected));
        }

        _statements.Clear();
    }
}
