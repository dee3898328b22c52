using System.Data.Common;
using System.Globalization;

namespace Coordinator.Saga;

/// <summary>A local transaction's work in one step; throws <see cref="StepRefusedException"/> to refuse, which undoes it.</summary>
public delegate Task StepBody(StepWork work, CancellationToken cancellationToken);

/// <summary>A step as its participant knows it.</summary>
/// <param name="Action">What it does.</param>
/// <param name="Compensation">What undoes it; null if there is nothing to undo.</param>
public sealed record SqlStep(StepBody Action, StepBody? Compensation = null);

/// <summary>What a step works with.</summary>
/// <param name="Connection">The participant's, inside the step's transaction.</param>
/// <param name="Transaction">The step's local transaction; set it on each command.</param>
/// <param name="Command">What was asked.</param>
public sealed record StepWork(DbConnection Connection, DbTransaction Transaction, StepCommand Command);

/// <summary>The business says no: the step changes nothing, and the saga turns back.</summary>
public sealed class StepRefusedException(string reason) : Exception(reason);

/// <summary>
/// Steps over one SQL database. Each runs in a local transaction together with a key row (saga, index, direction), so
/// that the work is there if and only if the row is:
/// 1. insert the key row; a duplicate waits for the transaction that has it, and is answered from the rows that stand;
/// 2. do the work;
/// 3. commit.
/// A compensation inserts its own key row first, and then the action's: if that succeeds, the action never happened, and
/// now never can (a late one finds the row and is refused); there is nothing to undo.
/// </summary>
/// <param name="open">Opens a connection; it is closed after each command.</param>
/// <param name="steps">By name.</param>
public sealed class SqlSagaParticipant(
    Func<CancellationToken, Task<DbConnection>> open, IReadOnlyDictionary<string, SqlStep> steps) : ISagaParticipant
{
    /// <summary>The key rows' table: one statement that PostgreSQL, MariaDB, MySQL and SQLite all take.</summary>
    public const string Schema =
        "CREATE TABLE IF NOT EXISTS saga_step (saga varchar(100) NOT NULL, step int NOT NULL, direction int NOT NULL, "
        + "PRIMARY KEY (saga, step, direction))";

    /// <inheritdoc/>
    public async Task<StepAnswer> ExecuteAsync(StepCommand command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (!steps.TryGetValue(command.Step, out var step))
            throw new ArgumentException($"This participant has no step {command.Step}.", nameof(command));
        await using var connection = await open(cancellationToken).ConfigureAwait(false);
        return command.Direction == StepDirection.Action
            ? await ActAsync(connection, command, step, cancellationToken).ConfigureAwait(false)
            : await CompensateAsync(connection, command, step, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<StepAnswer> ActAsync(
        DbConnection connection, StepCommand command, SqlStep step, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        if (!await TryInsertKeyAsync(connection, transaction, command, StepDirection.Action, cancellationToken).ConfigureAwait(false))
        {
            return await HasKeyAsync(connection, command, StepDirection.Compensation, cancellationToken).ConfigureAwait(false)
                ? new StepAnswer("the step has been compensated")
                : StepAnswer.Done;
        }

        try
        {
            await step.Action(new StepWork(connection, transaction, command), cancellationToken).ConfigureAwait(false);
        }
        catch (StepRefusedException refused)
        {
            await transaction.RollbackAsync(cancellationToken).ConfigureAwait(false);
            return new StepAnswer(refused.Message);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return StepAnswer.Done;
    }

    private static async Task<StepAnswer> CompensateAsync(
        DbConnection connection, StepCommand command, SqlStep step, CancellationToken cancellationToken)
    {
        // An action still under way is not seen here; the insert below waits for it, and fails if it commits.
        var happened = await HasKeyAsync(connection, command, StepDirection.Action, cancellationToken).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        if (!await TryInsertKeyAsync(connection, transaction, command, StepDirection.Compensation, cancellationToken).ConfigureAwait(false))
            return StepAnswer.Done;
        if (!happened)
        {
            // Fails on a duplicate if the action has happened after all; whoever asks again is told by the look above.
            await InsertKeyAsync(connection, transaction, command, StepDirection.Action, cancellationToken).ConfigureAwait(false);
        }
        else if (step.Compensation is { } compensation)
        {
            await compensation(new StepWork(connection, transaction, command), cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return StepAnswer.Done;
    }

    // False if the row stands already; the transaction is over then. Any other failure is the caller's.
    private static async Task<bool> TryInsertKeyAsync(
        DbConnection connection, DbTransaction transaction, StepCommand step, StepDirection direction, CancellationToken cancellationToken)
    {
        try
        {
            await InsertKeyAsync(connection, transaction, step, direction, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (DbException)
        {
            await transaction.RollbackAsync(cancellationToken).ConfigureAwait(false);
            if (!await HasKeyAsync(connection, step, direction, cancellationToken).ConfigureAwait(false))
                throw;
            return false;
        }
    }

    private static async Task InsertKeyAsync(
        DbConnection connection, DbTransaction transaction, StepCommand step, StepDirection direction, CancellationToken cancellationToken)
    {
        await using var command = KeyCommand(
            connection, "INSERT INTO saga_step (saga, step, direction) VALUES (@saga, @step, @direction)", step, direction);
        command.Transaction = transaction;
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<bool> HasKeyAsync(
        DbConnection connection, StepCommand step, StepDirection direction, CancellationToken cancellationToken)
    {
        await using var command = KeyCommand(
            connection, "SELECT COUNT(*) FROM saga_step WHERE saga = @saga AND step = @step AND direction = @direction", step, direction);
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture) > 0;
    }

    private static DbCommand KeyCommand(DbConnection connection, string statement, StepCommand step, StepDirection direction)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = statement;
#pragma warning restore CA2100
        Add("@saga", step.Saga);
        Add("@step", step.Index);
        Add("@direction", (int)direction);
        return command;

        void Add(string name, object value)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
    }
}
