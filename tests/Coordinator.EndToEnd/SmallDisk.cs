using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Coordinator.EndToEnd;

/// <summary>
/// A folder that can be filled up. For root it is a small file system of its own, which is really full then; for others
/// a limit on the size of the files that one process writes, which fails its writes at the same place.
/// </summary>
internal sealed partial class SmallDisk : IAsyncDisposable
{
    private const int IgnoreSignal = 1;
    private const int FileSizeSignal = 25;
    private readonly bool _isMounted;

    private SmallDisk(string folder, bool isMounted) => (Folder, _isMounted) = (folder, isMounted);

    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    public static async Task<SmallDisk> CreateAsync()
    {
        var folder = Directory.CreateTempSubdirectory("coordinator-disk-").FullName;
        var isMounted = Environment.IsPrivilegedProcess && await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "coordinator-test", folder) == 0;
        // Inherited by the processes that are started from now on: a write above the limit then fails, instead of ending them.
        if (!isMounted)
            _ = SetSignal(FileSizeSignal, IgnoreSignal);
        return new SmallDisk(folder, isMounted);
    }

    /// <summary>From here on nothing more can be written.</summary>
    /// <param name="process">Whose writes fail.</param>
    public async Task FillAsync(int process)
    {
        if (!_isMounted)
        {
            await LimitAsync(process, "1");
            return;
        }

        await using var filler = new FileStream(Filler, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
                filler.Write(block);
        }
        catch (IOException)
        {
            // Full, as it was to be.
        }
    }

    /// <summary>There is room again.</summary>
    public async Task FreeAsync(int process)
    {
        if (_isMounted)
            File.Delete(Filler);
        else
            await LimitAsync(process, "unlimited");
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await RunAsync("umount", Folder);
        Directory.Delete(Folder, recursive: true);
    }

    private static async Task LimitAsync(int process, string bytes)
    {
        // The hard limit stays, so that the soft one can be raised again.
        var pid = process.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(0, await RunAsync("prlimit", "--pid", pid, $"--fsize={bytes}:"));
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetSignal(int signal, nint handler);
}
