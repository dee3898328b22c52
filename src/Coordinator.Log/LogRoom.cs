namespace Coordinator.Log;

/// <summary>The room that a log takes and has. The files are changed by another thread, and the disk may be away: then nothing is known.</summary>
internal sealed class LogRoom(LogPaths paths)
{
    /// <summary>Bytes of the log's file, its write-ahead file and its mark; null if they cannot be looked at.</summary>
    public double? Size() => Look(() => LengthOf(paths.Log) + LengthOf(paths.Wal) + LengthOf(paths.Mark));

    /// <summary>Bytes that the process may still write to the log's disk; null if it cannot be asked.</summary>
    public double? Free() => Look(() => new DriveInfo(paths.Folder).AvailableFreeSpace);

    private static double? Look(Func<double> look)
    {
        try
        {
            return look();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
