using Coordinator.Engine;
using Microsoft.Data.Sqlite;

namespace Coordinator.Log;

/// <summary>What must be true of a file before its rows are read: it is a log, of a version that is known, and whole as far as SQLite can tell.</summary>
internal static class LogFormat
{
    public static void CheckHeader(SqliteConnection connection, string path)
    {
        var application = LogConnection.Scalar(connection, "PRAGMA application_id");
        if (application is not LogSchema.ApplicationId)
            throw new LogRefusedException($"{path} is a SQLite database, but not a coordinator's log.");
        var version = LogConnection.Scalar(connection, "PRAGMA user_version");
        if (version is not LogSchema.Version)
            throw new LogRefusedException($"The log {path} has tables of version {version}; this release reads version {LogSchema.Version}.");
        if (LogConnection.Scalar(connection, "PRAGMA journal_mode") is not "wal")
            throw new LogRefusedException($"The log {path} is damaged: its header does not name a write-ahead file.");
    }

    public static void CheckContent(SqliteConnection connection, string path)
    {
        var found = LogConnection.Strings(connection, "SELECT sql FROM sqlite_master ORDER BY rowid");
        if (!found.SequenceEqual(LogSchema.Statements))
            throw new LogRefusedException($"The log {path} is damaged: its tables are not those of a log.");
        // The chain proves the rows; this proves the indexes against the rows, and the pages.
        var integrity = LogConnection.Strings(connection, "PRAGMA integrity_check(1)");
        if (integrity is not ["ok"])
            throw new LogRefusedException($"The log {path} is damaged: {string.Join("; ", integrity)}.");
    }
}
