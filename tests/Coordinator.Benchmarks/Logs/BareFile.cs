using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Coordinator.Benchmarks.Measuring;
using Microsoft.Win32.SafeHandles;

namespace Coordinator.Benchmarks.Logs;

/// <summary>What the disk can do: write a page of a file and force it, one after the other. The file is as long as a write-ahead file
/// grows, and written over and over as that is: forcing a file that grows takes several times as long.</summary>
internal sealed partial class BareFile : IDisposable
{
    private const int Pages = 1000;

    // As SQLite's write-ahead file grows by a commit of one row: a frame's header and a page.
    private readonly byte[] _page = new byte[4096 + 24];
    private readonly SafeFileHandle _file;
    private readonly bool _dataOnly;
    private long _written;

    /// <param name="path">A file of its own.</param>
    /// <param name="dataOnly">True: fdatasync, which leaves out the file's times. False: fsync.</param>
    public BareFile(string path, bool dataOnly)
    {
        _dataOnly = dataOnly;
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        for (var page = 0; page < Pages; page++)
            RandomAccess.Write(_file, _page, (long)page * _page.Length);
        RandomAccess.FlushToDisk(_file);
    }

    public Slice Run(TimeSpan length)
    {
        var latencies = new List<long>();
        var cpu = MeasuredProcess.Own.ReadMicroseconds();
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < length)
        {
            var begun = Stopwatch.GetTimestamp();
            RandomAccess.Write(_file, _page, _written++ % Pages * _page.Length);
            Force();
            latencies.Add(Stopwatch.GetTimestamp() - begun);
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        cpu = MeasuredProcess.Own.ReadMicroseconds() - cpu;
        var sorted = latencies.Order().ToArray();
        return new Slice(
            sorted.Length, elapsed, Slice.Quantile(sorted, 0.5), Slice.Quantile(sorted, 0.99),
            new Dictionary<string, double> { [MeasuredProcess.Own.Name] = cpu },
            new LogCounts(sorted.Length, sorted.Length, (long)sorted.Length * _page.Length, MarkForces: 0, Checkpoints: 0));
    }

    public void Dispose() => _file.Dispose();

    private void Force()
    {
        if (!_dataOnly)
            RandomAccess.FlushToDisk(_file);
        else if (ForceData(_file) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int ForceData(SafeFileHandle file);
}
