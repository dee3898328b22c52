namespace Coordinator.Log;

/// <summary>The files of one log, side by side.</summary>
internal sealed class LogPaths
{
    public LogPaths(string log)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(log);
        Log = Path.GetFullPath(log);
        Folder = Path.GetDirectoryName(Log) ?? throw new ArgumentException("A log's path names a file.", nameof(log));
    }

    /// <summary>The log's name in a coordinator's data folder, unless it was given another.</summary>
    public const string UsualName = "coordinator.db";

    /// <param name="path">The log's file, or the folder that holds it under its usual name.</param>
    public static LogPaths Find(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new LogPaths(Directory.Exists(path) ? Path.Combine(path, UsualName) : path);
    }

    public string Folder { get; }

    public string Log { get; }

    /// <summary>SQLite's write-ahead file.</summary>
    public string Wal => Log + "-wal";

    /// <summary>SQLite's shared index of it; not used under exclusive locking, but a foreign tool may leave one.</summary>
    public string Shm => Log + "-shm";

    /// <summary>The high-water mark.</summary>
    public string Mark => Log + ".mark";

    /// <summary>Held locked by the process that owns the log; it outlives a replacement of the log's file.</summary>
    public string Lock => Log + ".lock";

    /// <summary>A fresh copy in the making (R4); worth nothing until it has its next name.</summary>
    public string Rewrite => Log + ".rewrite";

    /// <summary>A fresh copy that is complete and on disk, about to take the log's place.</summary>
    public string Replacement => Log + ".new";

    /// <summary>A copy that is being sent to somebody; it has a name only while it is made.</summary>
    public string Snapshot => Log + ".snapshot";
}
