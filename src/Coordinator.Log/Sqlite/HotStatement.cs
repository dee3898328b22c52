using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Coordinator.Log;

/// <summary>
/// A prepared statement on the record's path, driven through SQLite's own interface: SqliteCommand looks its parameters
/// up by name, boxes and copies values at each run, which takes as long as the insert itself.
/// </summary>
internal sealed class HotStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public HotStatement(SqliteConnection connection, string text)
    {
        _database = connection.Handle ?? throw new InvalidOperationException("The connection is not open.");
        Check(raw.sqlite3_prepare_v2(_database, text, out _statement));
    }

    public void Bind(int parameter, long value) => Check(raw.sqlite3_bind_int64(_statement, parameter, value));

    public void Bind(int parameter, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(_statement, parameter, value));

    public void Bind(int parameter, string? value) => Check(
        value is null ? raw.sqlite3_bind_null(_statement, parameter) : raw.sqlite3_bind_text(_statement, parameter, value));

    /// <summary>Runs it to its end; returns how many rows it changed.</summary>
    /// <exception cref="SqliteException">It failed.</exception>
    public int Execute()
    {
        var result = raw.sqlite3_step(_statement);
        // What a failed statement gives again on its reset says no more than the step did.
        _ = raw.sqlite3_reset(_statement);
        Check(result == raw.SQLITE_DONE ? raw.SQLITE_OK : result);
        return raw.sqlite3_changes(_database);
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
