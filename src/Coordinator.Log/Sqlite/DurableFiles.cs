using System.Runtime.InteropServices;

namespace Coordinator.Log;

/// <summary>File operations that last: each says what is on disk when it returns. Never called again after a failed fsync.</summary>
internal static partial class DurableFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Opens or makes a file that only its owner can read: a log names transactions and databases.</summary>
    public static FileStream Open(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode != FileMode.Open)
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }

    /// <summary>Makes an empty file, for SQLite to fill: its own files then take over the mode.</summary>
    public static void Create(string path) => Open(path, FileMode.CreateNew, FileShare.ReadWrite).Dispose();

    /// <summary>Forces a file's content.</summary>
    public static void Sync(string path)
    {
        using var file = Open(path, FileMode.Open, FileShare.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Forces a folder's entries: without it a new name or a rename may be gone after a power failure.</summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = OpenFile(folder, flags: 0);
        if (descriptor < 0)
            throw new IOException($"The folder {folder} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        var synced = SyncFile(descriptor);
        var error = Marshal.GetLastPInvokeErrorMessage();
        _ = CloseFile(descriptor);
        if (synced != 0)
            throw new IOException($"The folder {folder} cannot be forced to disk: {error}.");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFile(int descriptor);
}
