namespace Coordinator.Benchmarks.Output;

/// <summary>One measured point. A field that means nothing for a measurement is null.</summary>
/// <param name="Case">What was measured.</param>
/// <param name="Workers">How many worked at the same time.</param>
/// <param name="Databases">On which databases; null without any.</param>
/// <param name="Tps">Transactions, decisions or calls a second.</param>
/// <param name="P50Us">Half of them took at most so long, in microseconds.</param>
/// <param name="P99Us">99 of 100 did.</param>
/// <param name="CpuUsPerTx">Processor time of one, of all processes together, in microseconds.</param>
/// <param name="RatioToFloor">Its rate through the floor's, in the same run.</param>
internal sealed record Row(
    string Case,
    int Workers,
    string? Databases = null,
    double? Tps = null,
    double? P50Us = null,
    double? P99Us = null,
    double? CpuUsPerTx = null,
    double? RatioToFloor = null)
{
    /// <summary>Processor time of one, in microseconds, by the part that a process plays.</summary>
    public IReadOnlyDictionary<string, double> CpuUs { get; init; } = new Dictionary<string, double>();

    /// <summary>Whatever else this measurement gives, under names with units, as in <c>forced_writes_per_tx</c>.</summary>
    public IReadOnlyDictionary<string, double> Figures { get; init; } = new Dictionary<string, double>();
}
