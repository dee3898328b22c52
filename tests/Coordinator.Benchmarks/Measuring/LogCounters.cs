using System.Globalization;
using Coordinator.Engine;
using Coordinator.Testing;

namespace Coordinator.Benchmarks.Measuring;

/// <summary>Reads a log's counters: of this process, or of a coordinator's process from its metrics page.</summary>
internal static class LogCounters
{
    private static readonly HttpClient Http = new();

    public static LogCounts Of(LogStatistics log) => new(log.Records, log.ForcedWrites, log.Bytes, log.MarkForces, log.Checkpoints);

    public static async Task<LogCounts> OfAsync(Deployment deployment)
    {
        var values = (await Http.GetStringAsync(new Uri(deployment.Health, "/metrics"))).Split('\n')
            .Where(line => line.StartsWith("coordinator_log_", StringComparison.Ordinal))
            .Select(line => line.Split(' '))
            .ToDictionary(parts => parts[0].Replace("{}", "", StringComparison.Ordinal), parts => (long)double.Parse(parts[1], CultureInfo.InvariantCulture));
        return new LogCounts(
            values["coordinator_log_records_total"],
            values["coordinator_log_forced_writes_total"],
            values["coordinator_log_size_written_bytes_total"],
            values["coordinator_log_mark_forces_total"],
            values["coordinator_log_checkpoints_total"]);
    }
}
