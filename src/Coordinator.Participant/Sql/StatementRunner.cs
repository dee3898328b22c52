using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Coordinator.Contracts.V1;
using Coordinator.Participant.Session;
using Coordinator.ResourceManagers;

namespace Coordinator.Participant.Sql;

/// <summary>
/// Runs one statement in a branch:
/// 1. The work is enlisted, and has the branch for itself until the statement is over, however that ends.
/// 2. In a branch's first statement, session settings make values come and go exactly.
/// 3. A statement that could end the transaction runs between SAVEPOINT and RELEASE SAVEPOINT under a name that nobody
///    can guess: the savepoint exists afterwards only in the same transaction.
/// 4. Whatever fails poisons the branch. A caller who leaves does not wait, but the branch stays taken until the
///    statement has really stopped, so that prepare finds it at work (R14).
/// </summary>
internal sealed class StatementRunner(ICoordinatorParticipant participant, ParticipantOptions options)
{
    // Which connections were made ready, each belonging to one branch.
    private readonly ConditionalWeakTable<DbConnection, object> _ready = [];

    /// <summary>Runs a statement; returns how many rows it changed.</summary>
    public Task<(int RowsAffected, BranchName Branch)> ExecuteAsync(
        Statement statement, ResourceKind kind, CancellationToken cancellationToken) =>
        RunAsync(
            statement,
            kind,
            async (work, command, stop) => (await command.ExecuteNonQueryAsync(stop), work.Branch),
            cancellationToken);

    /// <summary>Runs a query; hands on its columns and then its rows, in batches.</summary>
    public Task QueryAsync(
        Statement statement, ResourceKind kind, Func<QueryResponse, CancellationToken, Task> send, CancellationToken cancellationToken) =>
        RunAsync(
            statement,
            kind,
            async (work, command, stop) =>
            {
                DriverValues.AskForText(command);
                await using var reader = await command.ExecuteReaderAsync(stop);
                var rows = new RowStream(reader, kind, options);
                await send(new QueryResponse { Header = rows.Header(work.Branch) }, stop);
                await rows.SendAsync(send, stop);
                return true;
            },
            cancellationToken);

    private async Task<T> RunAsync<T>(
        Statement statement,
        ResourceKind kind,
        Func<BranchWork, DbCommand, CancellationToken, Task<T>> run,
        CancellationToken cancellationToken)
    {
        var work = await participant.EnlistAsync(statement.Transaction, cancellationToken);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, work.Ending);
        // Taken BEFORE the statement runs, which disposes its source, maybe on another thread and at once.
        var stopped = stop.Token;
        var running = RunToTheEndAsync(work, statement, kind, run, stop);
        try
        {
            // A driver that cancels waits for what the server says to it; the caller is let go all the same.
            return await running.WaitAsync(stopped);
        }
        catch (Exception) when (work.Ending.IsCancellationRequested)
        {
            throw work.Refusal;
        }
    }

    private async Task<T> RunToTheEndAsync<T>(
        BranchWork work,
        Statement statement,
        ResourceKind kind,
        Func<BranchWork, DbCommand, CancellationToken, Task<T>> run,
        CancellationTokenSource stop)
    {
        try
        {
            await MakeReadyAsync(work, kind, stop.Token);
            var savepoint = statement.NeedsProof ? $"c_{RandomNumberGenerator.GetHexString(16, lowercase: true)}" : null;
            if (savepoint is not null)
                await ExecuteAsync(work.Connection, $"SAVEPOINT {savepoint}", stop.Token);
            await using var command = CreateCommand(work.Connection, statement.Sql);
            ParameterBinder.Bind(command, statement.Parameters, kind);
            var result = await run(work, command, stop.Token);
            if (savepoint is not null)
                await ProveAsync(work, savepoint, stop.Token);
            return result;
        }
        catch (StatementRefusedException)
        {
            // A parameter that does not match its grammar: nothing was run, so nothing is spoilt.
            throw;
        }
        catch (Exception failure)
        {
            work.Poison($"A statement failed: {Describe(failure)}.");
            throw;
        }
        finally
        {
            await work.DisposeAsync();
            stop.Dispose();
        }
    }

    private async Task MakeReadyAsync(BranchWork work, ResourceKind kind, CancellationToken cancellationToken)
    {
        if (_ready.TryGetValue(work.Connection, out _))
            return;
        await work.ConfigureAsync(
            kind == ResourceKind.Postgres ? PostgresValues.Settings : MySqlValues.Settings, cancellationToken);
        _ready.Add(work.Connection, this);
    }

    private static async Task ProveAsync(BranchWork work, string savepoint, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(work.Connection, $"RELEASE SAVEPOINT {savepoint}", cancellationToken);
        }
        catch (DbException failure)
        {
            throw new TransactionLeftException(failure);
        }
    }

    private static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = CreateCommand(connection, sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [SuppressMessage("Security", "CA2100", Justification = "The client's own statement is what this service is for; the rest are constants and hexadecimal digits.")]
    private static DbCommand CreateCommand(DbConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        // The transaction's deadline and the call's own end it.
        command.CommandTimeout = 0;
        return command;
    }

    private static string Describe(Exception failure) => failure switch
    {
        TransactionLeftException left => left.Message,
        OperationCanceledException => "it was ended early",
        DbException { SqlState: { Length: > 0 } state } => $"SQLSTATE {state}",
        _ => failure.GetType().Name,
    };
}

/// <summary>After a statement its branch's transaction was no longer there: part of the work may be committed.</summary>
internal sealed class TransactionLeftException(Exception innerException)
    : Exception("The statement ended the branch's transaction", innerException);
