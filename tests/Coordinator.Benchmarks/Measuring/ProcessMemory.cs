using System.Globalization;

namespace Coordinator.Benchmarks.Measuring;

/// <summary>What a process holds in memory.</summary>
internal static class ProcessMemory
{
    /// <summary>Resident memory, in bytes: what the operating system charges the process.</summary>
    public static long ReadResident(int process)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"))
            .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>What is still in use on this process's heap, in bytes, after a full collection.</summary>
    public static long ReadLive()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
