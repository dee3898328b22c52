using Coordinator.Engine;

namespace Coordinator.Log;

/// <summary>What lies where a log should be.</summary>
internal static class LogFiles
{
    /// <summary>Holds the log for this process alone, and makes its folder.</summary>
    public static FileStream TakeLock(LogPaths paths)
    {
        if (Directory.Exists(paths.Log))
            throw new LogRefusedException($"The log {paths.Log} is a folder.");
        try
        {
            Directory.CreateDirectory(paths.Folder);
            return DurableFiles.Open(paths.Lock, FileMode.OpenOrCreate, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LogRefusedException($"The log {paths.Log} cannot be opened: no right to write in {paths.Folder}.", e);
        }
        catch (IOException e) when (IsSharingViolation(e))
        {
            throw new LogRefusedException($"The log {paths.Log} is in use by another process.", e) { IsInUse = true };
        }
        catch (IOException e)
        {
            throw new LogRefusedException($"The log {paths.Log} cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Keeps a coordinator from opening the log meanwhile; null where none ever had it open, as for a backup.</summary>
    public static FileStream? TakeExistingLock(LogPaths paths) => File.Exists(paths.Lock) ? TakeLock(paths) : null;

    public static bool HasLog(LogPaths paths)
    {
        var length = Length(paths.Log);
        // SQLite throws away the write-ahead file of an empty file, so it must not see one.
        if (length == 0 && Length(paths.Wal) > 0)
            throw new LogRefusedException($"The log {paths.Log} is missing, but its write-ahead file is there. {LogReader.WhatToDo}");
        return length > 0;
    }

    /// <summary>The high-water mark; null if there is no file.</summary>
    public static HighWaterMark? OpenMark(LogPaths paths)
    {
        if (!File.Exists(paths.Mark))
            return null;
        var mark = HighWaterMark.Open(paths.Mark);
        if (mark.Current is not null)
            return mark;
        mark.Dispose();
        throw new LogRefusedException($"The high-water mark {paths.Mark} is damaged: whether the log is whole cannot be told. {LogReader.WhatToDo}");
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    /// <summary>EWOULDBLOCK of flock on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.</summary>
    private static bool IsSharingViolation(IOException e) => (e.HResult & 0xFFFF) is 11 or 35 or 32;
}
