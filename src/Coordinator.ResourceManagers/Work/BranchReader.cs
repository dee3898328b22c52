using System.Collections;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Coordinator.ResourceManagers.Work;

/// <summary>A reader whose statement runs until it is closed, and whose failures poison the branch.</summary>
internal sealed class BranchReader(DbDataReader inner, BranchGuard guard, Func<int, int>? recordsAffected) : DbDataReader
{
    private int _closed;

    /// <summary>The driver's reader, for what the driver alone offers.</summary>
    internal DbDataReader Inner => inner;

    public override int Depth => inner.Depth;

    public override int FieldCount => inner.FieldCount;

    public override bool HasRows => inner.HasRows;

    public override bool IsClosed => inner.IsClosed;

    public override int RecordsAffected => recordsAffected?.Invoke(inner.RecordsAffected) ?? inner.RecordsAffected;

    public override int VisibleFieldCount => inner.VisibleFieldCount;

    public override object this[int ordinal] => inner[ordinal];

    public override object this[string name] => inner[name];

    public override bool Read() => Guarded(inner.Read);

    public override bool NextResult() => Guarded(inner.NextResult);

    public override Task<bool> ReadAsync(CancellationToken cancellationToken) =>
        GuardedAsync(() => inner.ReadAsync(cancellationToken));

    public override Task<bool> NextResultAsync(CancellationToken cancellationToken) =>
        GuardedAsync(() => inner.NextResultAsync(cancellationToken));

    /// <summary>What was not read yet may still fail, so closing too can poison.</summary>
    public override void Close()
    {
        Guarded(() =>
        {
            inner.Close();
            return true;
        });
        Ended();
    }

    public override async Task CloseAsync()
    {
        await GuardedAsync(async () =>
        {
            await inner.CloseAsync();
            return true;
        });
        Ended();
    }

    public override async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Close();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool Guarded(Func<bool> step)
    {
        try
        {
            return step();
        }
        catch (Exception failure)
        {
            guard.Poison(FailureText.Of(failure));
            throw;
        }
    }

    private async Task<bool> GuardedAsync(Func<Task<bool>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception failure)
        {
            guard.Poison(FailureText.Of(failure));
            throw;
        }
    }

    private void Ended()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
            guard.Exit();
    }

    // From here on everything is the driver's.
    public override bool GetBoolean(int ordinal) => inner.GetBoolean(ordinal);

    public override byte GetByte(int ordinal) => inner.GetByte(ordinal);

    public override long GetBytes(int ordinal, long dataOffset, byte[]? buffer, int bufferOffset, int length) =>
        inner.GetBytes(ordinal, dataOffset, buffer, bufferOffset, length);

    public override char GetChar(int ordinal) => inner.GetChar(ordinal);

    public override long GetChars(int ordinal, long dataOffset, char[]? buffer, int bufferOffset, int length) =>
        inner.GetChars(ordinal, dataOffset, buffer, bufferOffset, length);

    public override string GetDataTypeName(int ordinal) => inner.GetDataTypeName(ordinal);

    public override DateTime GetDateTime(int ordinal) => inner.GetDateTime(ordinal);

    public override decimal GetDecimal(int ordinal) => inner.GetDecimal(ordinal);

    public override double GetDouble(int ordinal) => inner.GetDouble(ordinal);

    public override IEnumerator GetEnumerator() => new DbEnumerator(this, closeReader: false);

    [return: DynamicallyAccessedMembers(
        DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.PublicProperties)]
    public override Type GetFieldType(int ordinal) => inner.GetFieldType(ordinal);

    public override T GetFieldValue<T>(int ordinal) => inner.GetFieldValue<T>(ordinal);

    public override Task<T> GetFieldValueAsync<T>(int ordinal, CancellationToken cancellationToken) =>
        inner.GetFieldValueAsync<T>(ordinal, cancellationToken);

    public override float GetFloat(int ordinal) => inner.GetFloat(ordinal);

    public override Guid GetGuid(int ordinal) => inner.GetGuid(ordinal);

    public override short GetInt16(int ordinal) => inner.GetInt16(ordinal);

    public override int GetInt32(int ordinal) => inner.GetInt32(ordinal);

    public override long GetInt64(int ordinal) => inner.GetInt64(ordinal);

    public override string GetName(int ordinal) => inner.GetName(ordinal);

    public override int GetOrdinal(string name) => inner.GetOrdinal(name);

    public override DataTable? GetSchemaTable() => inner.GetSchemaTable();

    public override string GetString(int ordinal) => inner.GetString(ordinal);

    public override object GetValue(int ordinal) => inner.GetValue(ordinal);

    public override int GetValues(object[] values) => inner.GetValues(values);

    public override bool IsDBNull(int ordinal) => inner.IsDBNull(ordinal);

    public override Task<bool> IsDBNullAsync(int ordinal, CancellationToken cancellationToken) =>
        inner.IsDBNullAsync(ordinal, cancellationToken);
}
