using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.ResourceManagers.Work;

/// <summary>A command of a branch: a failure poisons the branch, whatever the database itself makes of it.</summary>
internal sealed class BranchCommand(BranchConnection connection, DbCommand inner, BranchGuard guard) : DbCommand
{
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

    public override void Prepare() => inner.Prepare();

    public override int ExecuteNonQuery() => Guarded(inner.ExecuteNonQuery);

    public override object? ExecuteScalar() => Guarded(inner.ExecuteScalar);

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) =>
        GuardedAsync(() => inner.ExecuteNonQueryAsync(cancellationToken), cancellationToken);

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) =>
        GuardedAsync(() => inner.ExecuteScalarAsync(cancellationToken), cancellationToken);

    protected override DbParameter CreateDbParameter() => inner.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
    {
        guard.Enter(CommandText);
        try
        {
            return new BranchReader(inner.ExecuteReader(behavior & ~CommandBehavior.CloseConnection), guard);
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
            var reader = await inner.ExecuteReaderAsync(behavior & ~CommandBehavior.CloseConnection, cancellationToken);
            guard.EnterReader();
            return (DbDataReader)new BranchReader(reader, guard);
        },
        cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
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

    private async Task<T> GuardedAsync<T>(Func<Task<T>> execute, CancellationToken cancellationToken)
    {
        guard.Enter(CommandText);
        try
        {
            return await guard.RunAsync(execute, CommandTimeout, cancellationToken);
        }
        catch (Exception failure)
        {
            Fail(failure);
            throw;
        }
    }

    // Drivers may put parameter values into the messages of client-side errors, so only a database's own text is kept.
    private void Fail(Exception failure) => guard.Poison(FailureText.Of(failure));
}
