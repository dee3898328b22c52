using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Coordinator.Log;

/// <summary>
/// A copy of a log in the making, a few pages at a time, so that decisions are written in between; SQLite puts those
/// into the copy too. It gets no high-water mark: using it as a log has to be declared.
/// </summary>
internal sealed class LogBackup : IDisposable
{
    private const int PagesAStep = 256;
    private readonly string _destination;
    private readonly SqliteConnection _connection;
    private sqlite3_backup? _backup;

    /// <exception cref="IOException">The destination is there already, or cannot be made.</exception>
    public LogBackup(string destination)
    {
        _destination = Path.GetFullPath(destination);
        DurableFiles.Create(_destination);
        _connection = LogConnection.Open(_destination);
    }

    /// <summary>Copies some pages; true once all are.</summary>
    public bool Step(LogDatabase source)
    {
        _backup ??= source.BeginBackup(_connection);
        Result = raw.sqlite3_backup_step(_backup, PagesAStep);
        return Result != raw.SQLITE_OK;
    }

    /// <summary>What the last step said: a full destination is no fault of the log.</summary>
    public int Result { get; private set; }

    /// <summary>Lets go of the source, on its thread.</summary>
    public void Release()
    {
        _backup?.Dispose();
        _backup = null;
    }

    /// <summary>Closes the copy and forces it.</summary>
    /// <exception cref="IOException">Not all was copied.</exception>
    public void Finish()
    {
        if (Result != raw.SQLITE_DONE)
            throw new IOException($"The backup {_destination} was not completed: {raw.sqlite3_errstr(Result).utf8_to_string()}.");
        _connection.Dispose();
        DurableFiles.Sync(_destination);
        DurableFiles.SyncFolder(Path.GetDirectoryName(_destination)!);
    }

    public void Dispose()
    {
        Release();
        _connection.Dispose();
    }
}
