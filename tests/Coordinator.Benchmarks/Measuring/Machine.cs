using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;

namespace Coordinator.Benchmarks.Measuring;

/// <summary>The line that says where and when something was measured.</summary>
internal static class Machine
{
    public static string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{DateTimeOffset.Now:yyyy-MM-dd HH:mm}, {Environment.ProcessorCount} cores ({Processor()}), {RuntimeInformation.OSDescription.Split('-')[0].Trim()}, "
        + $".NET {Environment.Version}, {(GCSettings.IsServerGC ? "server" : "workstation")} GC, load average {LoadAverage()}");

    /// <summary>Over the last minute, which includes what the benchmark itself did.</summary>
    public static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Processor() => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
}
