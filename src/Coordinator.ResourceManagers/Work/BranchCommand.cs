using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.ResourceManagers.Work;

/// <summary>A command of a branch: a failure poisons the branch, whatever the database itself makes of it.</summary>
internal sealed class BranchCommand : DbCommand
{
    private readonly BranchConnection _connection;
    private readonly DbCommand _inner;
    private readonly BranchGuard _guard;
    private readonly BranchStart _start;

    public BranchCommand(BranchConnection connection, DbCommand inner, BranchGuard guard, BranchStart start)
    {
        (_connection, _inner, _guard, _start) = (connection, inner, guard, start);
        // As of its connection. The driver's command is the driver's to finalize.
        GC.SuppressFinalize(this);
    }

    /// <summary>The driver's command, for what the driver alone offers; never to be executed past the guard.</summary>
    internal DbCommand Inner => _inner;

    [AllowNull]
    public override string CommandText
    {
        get => _inner.CommandText;
        [SuppressMessage("Security", "CA2100", Justification = "The text is the caller's own and is passed on as it is.")]
        set => _inner.CommandText = value;
    }

    public override int CommandTimeout
    {
        get => _inner.CommandTimeout;
        set => _inner.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => _inner.CommandType;
        set => _inner.CommandType = value;
    }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource
    {
        get => _inner.UpdatedRowSource;
        set => _inner.UpdatedRowSource = value;
    }

    protected override DbConnection? DbConnection
    {
        get => _connection;
        set
        {
            if (!ReferenceEquals(value, _connection))
                throw new InvalidOperationException("A command of a branch stays on the branch's connection.");
        }
    }

    protected override DbParameterCollection DbParameterCollection => _inner.Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => null;
        set
        {
            if (value is not null)
                throw new InvalidOperationException("The branch is the transaction; its commands take no other.");
        }
    }

    public override void Cancel() => _inner.Cancel();

    public override void Prepare()
    {
        if (!_start.HasBegun)
        {
            Guarded(() =>
            {
                _start.BeginAsync(async: false, CancellationToken.None).GetAwaiter().GetResult();
                return true;
            });
        }

        _inner.Prepare();
    }

    public override async Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        if (!_start.HasBegun)
        {
            await GuardedAsync(
                async () =>
                {
                    await _start.BeginAsync(async: true, cancellationToken);
                    return true;
                },
                cancellationToken);
        }

        await _inner.PrepareAsync(cancellationToken);
    }

    public override int ExecuteNonQuery() => Guarded(() => _start.HasBegun
        ? _inner.ExecuteNonQuery()
        : FirstNonQueryAsync(async: false, CancellationToken.None).GetAwaiter().GetResult());

    public override object? ExecuteScalar() => Guarded(() => _start.HasBegun
        ? _inner.ExecuteScalar()
        : FirstScalarAsync(async: false, CancellationToken.None).GetAwaiter().GetResult());

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) => GuardedAsync(
        () => _start.HasBegun
            ? _inner.ExecuteNonQueryAsync(cancellationToken)
            : FirstNonQueryAsync(async: true, cancellationToken),
        cancellationToken);

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) => GuardedAsync(
        () => _start.HasBegun
            ? _inner.ExecuteScalarAsync(cancellationToken)
            : FirstScalarAsync(async: true, cancellationToken),
        cancellationToken);

    protected override DbParameter CreateDbParameter() => _inner.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
    {
        _guard.Enter(CommandText);
        try
        {
            behavior &= ~CommandBehavior.CloseConnection;
            return _start.HasBegun
                ? new BranchReader(_inner.ExecuteReader(behavior), _guard, recordsAffected: null)
                : Wrap(_start.ExecuteAsync(async: false, _inner, behavior, CancellationToken.None).GetAwaiter().GetResult());
        }
        catch (Exception failure)
        {
            Fail(failure);
            _guard.Exit();
            throw;
        }
    }

    protected override Task<DbDataReader> ExecuteDbDataReaderAsync(
        CommandBehavior behavior,
        CancellationToken cancellationToken) => GuardedAsync(
        async () =>
        {
            behavior &= ~CommandBehavior.CloseConnection;
            var reader = _start.HasBegun
                ? new BranchReader(await _inner.ExecuteReaderAsync(behavior, cancellationToken), _guard, recordsAffected: null)
                : Wrap(await _start.ExecuteAsync(async: true, _inner, behavior, cancellationToken));
            _guard.EnterReader();
            return (DbDataReader)reader;
        },
        cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }

    private BranchReader Wrap(FirstResult first) => new(first.Reader, _guard, first.RecordsAffected);

    private async Task<int> FirstNonQueryAsync(bool async, CancellationToken cancellationToken)
    {
        var first = await _start.ExecuteAsync(async, _inner, CommandBehavior.Default, cancellationToken);
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
        var reader = (await _start.ExecuteAsync(async, _inner, CommandBehavior.Default, cancellationToken)).Reader;
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
        _guard.Enter(CommandText);
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
            _guard.Exit();
        }
    }

    private async Task<T> GuardedAsync<T>(Func<Task<T>> execute, CancellationToken cancellationToken)
    {
        _guard.Enter(CommandText);
        try
        {
            return await _guard.RunAsync(execute, CommandTimeout, cancellationToken);
        }
        catch (Exception failure)
        {
            Fail(failure);
            throw;
        }
    }

    // Drivers may put parameter values into the messages of client-side errors, so only a database's own text is kept.
    private void Fail(Exception failure) => _guard.Poison(FailureText.Of(failure));
}
