using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.ResourceManagers.Work;

/// <summary>A command of a branch: a failure poisons the branch, whatever the database itself makes of it.</summary>
internal sealed class BranchCommand(BranchConnection connection, DbCommand inner, BranchGuard guard, BranchStart start) : DbCommand
{
    /// <summary>The driver's command, for what the driver alone offers; never to be executed past the guard.</summary>
    internal DbCommand Inner => inner;

    [AllowNull]
    public override string CommandText
    {
        get => inner.CommandText;
        [SuppressMessage("Security", "CA2100", Justification = "The text is the caller's own and is passed on as it is.")]
        set => inner.CommandText = value;
    }

    public override int CommandTimeout
    {
        get => inner.CommandTimeout;
        set => inner.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => inner.CommandType;
        set => inner.CommandType = value;
    }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource
    {
        get => inner.UpdatedRowSource;
        set => inner.UpdatedRowSource = value;
    }

    protected override DbConnection? DbConnection
    {
        get => connection;
        set
        {
            if (!ReferenceEquals(value, connection))
                throw new InvalidOperationException("A command of a branch stays on the branch's connection.");
        }
    }

    protected override DbParameterCollection DbParameterCollection => inner.Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => null;
        set
        {
            if (value is not null)
                throw new InvalidOperationException("The branch is the transaction; its commands take no other.");
        }
    }

    public override void Cancel() => inner.Cancel();

    public override void Prepare()
    {
        if (!start.HasBegun)
        {
            Guarded(() =>
            {
                start.BeginAsync(async: false, CancellationToken.None).GetAwaiter().GetResult();
                return true;
            });
        }

        inner.Prepare();
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        if (!start.HasBegun)
        {
            await GuardedAsync(
                async () =>
                {
                    await start.BeginAsync(async: true, cancellationToken);
                    return true;
                });
        }

        await inner.PrepareAsync(cancellationToken);
    }

    public override int ExecuteNonQuery() => Guarded(() => start.HasBegun
        ? inner.ExecuteNonQuery()
        : FirstNonQueryAsync(async: false, CancellationToken.None).GetAwaiter().GetResult());

    public override object? ExecuteScalar() => Guarded(() => start.HasBegun
        ? inner.ExecuteScalar()
        : FirstScalarAsync(async: false, CancellationToken.None).GetAwaiter().GetResult());

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) => GuardedAsync(
        async () => Unless(
            start.HasBegun
                ? await inner.ExecuteNonQueryAsync(cancellationToken)
                : await FirstNonQueryAsync(async: true, cancellationToken),
            cancellationToken));

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) => GuardedAsync(
        async () => Unless(
            start.HasBegun
                ? await inner.ExecuteScalarAsync(cancellationToken)
                : await FirstScalarAsync(async: true, cancellationToken),
            cancellationToken));

    protected override DbParameter CreateDbParameter() => inner.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
    {
        guard.Enter(CommandText);
        try
        {
            behavior &= ~CommandBehavior.CloseConnection;
            return start.HasBegun
                ? new BranchReader(inner.ExecuteReader(behavior), guard, recordsAffected: null)
                : Wrap(start.ExecuteAsync(async: false, inner, behavior, CancellationToken.None).GetAwaiter().GetResult());
        }
        catch (Exception failure)
        {
            Fail(failure);
            guard.Exit();
            throw;
        }
    }

    protected override Task<DbDataReader> ExecuteDbDataReaderAsync(
        CommandBehavior behavior,
        CancellationToken cancellationToken) => GuardedAsync(
        async () =>
        {
            behavior &= ~CommandBehavior.CloseConnection;
            var first = start.HasBegun
                ? new FirstResult(await inner.ExecuteReaderAsync(behavior, cancellationToken), RecordsAffected: null)
                : await start.ExecuteAsync(async: true, inner, behavior, cancellationToken);
            if (cancellationToken.IsCancellationRequested)
                await first.Reader.DisposeAsync();
            var reader = Unless(Wrap(first), cancellationToken);
            guard.EnterReader();
            return (DbDataReader)reader;
        });

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    // MySQL's SLEEP and GET_LOCK, interrupted, return a value of their own and no error: what was cancelled did not do what
    // it was asked to, even where it succeeded.
    private static T Unless<T>(T result, CancellationToken cancelled)
    {
        cancelled.ThrowIfCancellationRequested();
        return result;
    }

    private BranchReader Wrap(FirstResult first) => new(first.Reader, guard, first.RecordsAffected);

    private async Task<int> FirstNonQueryAsync(bool async, CancellationToken cancellationToken)
    {
        var first = await start.ExecuteAsync(async, inner, CommandBehavior.Default, cancellationToken);
        var reader = first.Reader;
        try
        {
            while (async ? await reader.NextResultAsync(cancellationToken) : reader.NextResult())
            {
            }
        }
        finally
        {
            await CloseAsync(async, reader);
        }

        return first.RecordsAffected?.Invoke(reader.RecordsAffected) ?? reader.RecordsAffected;
    }

    private async Task<object?> FirstScalarAsync(bool async, CancellationToken cancellationToken)
    {
        var reader = (await start.ExecuteAsync(async, inner, CommandBehavior.Default, cancellationToken)).Reader;
        try
        {
            var isThere = (async ? await reader.ReadAsync(cancellationToken) : reader.Read()) && reader.FieldCount > 0;
            return isThere ? reader.GetValue(0) : null;
        }
        finally
        {
            // What follows the first row may still fail, so it is read before the statement counts as done.
            await CloseAsync(async, reader);
        }
    }

    private static async Task CloseAsync(bool async, DbDataReader reader)
    {
        if (async)
            await reader.CloseAsync();
        else
            reader.Close();
    }

    private T Guarded<T>(Func<T> execute)
    {
        guard.Enter(CommandText);
        try
        {
            return execute();
        }
        catch (Exception failure)
        {
            Fail(failure);
            throw;
        }
        finally
        {
            guard.Exit();
        }
    }

    private Task<T> GuardedAsync<T>(Func<Task<T>> execute)
    {
        guard.Enter(CommandText);
        return guard.RunAsync(execute);
    }

    // Drivers may put parameter values into the messages of client-side errors, so only a database's own text is kept.
    private void Fail(Exception failure) => guard.Poison(FailureText.Of(failure));
}
