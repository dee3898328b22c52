using System.Diagnostics;

namespace Coordinator.Benchmarks.Measuring;

/// <summary>What one case did in one stretch of time, alone on the servers.</summary>
/// <param name="Transactions">How many ended.</param>
/// <param name="Elapsed">From the first's begin to the last's end.</param>
/// <param name="P50Us">Half of them took at most so long, in microseconds.</param>
/// <param name="P99Us">99 of 100 did.</param>
/// <param name="CpuUs">Processor time, in microseconds, by the part that a process plays.</param>
/// <param name="Log">What the coordinator's log did; null without one.</param>
internal sealed record Slice(
    int Transactions, TimeSpan Elapsed, double P50Us, double P99Us, IReadOnlyDictionary<string, double> CpuUs, LogCounts? Log)
{
    public double PerSecond => Transactions / Elapsed.TotalSeconds;

    /// <summary>Runs all workers side by side for a time; each begins a transaction when its last one has ended.</summary>
    /// <param name="workers">How each does one transaction.</param>
    /// <param name="length">No transaction is begun after it.</param>
    /// <param name="processes">Whose processor time counts.</param>
    /// <param name="readLog">Reads the log's counters; null without a log.</param>
    public static async Task<Slice> MeasureAsync(
        IReadOnlyList<Func<Task>> workers, TimeSpan length, IReadOnlyList<MeasuredProcess> processes, Func<Task<LogCounts>>? readLog)
    {
        var logBefore = readLog is null ? null : await readLog();
        // This process last before and first after: what the looking itself takes is no transaction's.
        var cpuBefore = ReadCpu(processes.OrderBy(process => process.IsOwn));
        var started = Stopwatch.GetTimestamp();
        var end = started + (long)(length.TotalSeconds * Stopwatch.Frequency);
        var latencies = await Task.WhenAll(workers.Select(worker => Task.Run(() => RunAsync(worker, end))));
        var elapsed = Stopwatch.GetElapsedTime(started);
        var cpuAfter = ReadCpu(processes.OrderByDescending(process => process.IsOwn));
        // In the order in which the processes were named.
        var cpu = processes.Select(process => process.Name).Distinct().ToDictionary(name => name, name => cpuAfter[name] - cpuBefore[name]);
        var log = readLog is null ? null : await readLog() - logBefore!;
        var sorted = latencies.SelectMany(each => each).Order().ToArray();
        return new Slice(sorted.Length, elapsed, Quantile(sorted, 0.50), Quantile(sorted, 0.99), cpu, log);
    }

    /// <summary>The value that a share of the sorted ones does not exceed, from ticks to microseconds.</summary>
    internal static double Quantile(long[] sorted, double share) => sorted.Length == 0
        ? 0
        : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)] * 1e6 / Stopwatch.Frequency;

    private static async Task<List<long>> RunAsync(Func<Task> transact, long end)
    {
        var latencies = new List<long>(capacity: 16_384);
        for (var begun = Stopwatch.GetTimestamp(); begun < end;)
        {
            await transact();
            var ended = Stopwatch.GetTimestamp();
            latencies.Add(ended - begun);
            begun = ended;
        }

        return latencies;
    }

    private static Dictionary<string, double> ReadCpu(IEnumerable<MeasuredProcess> processes)
    {
        var sums = new Dictionary<string, double>();
        foreach (var process in processes)
            sums[process.Name] = sums.GetValueOrDefault(process.Name) + process.ReadMicroseconds();
        return sums;
    }
}
