using Coordinator.Benchmarks.Output;

namespace Coordinator.Benchmarks.Measuring;

/// <summary>From the slices of one point to its row.</summary>
internal static class Points
{
    public const string ForcedWrites = "forced_writes_per_tx", LogBytes = "log_bytes_per_tx", OtherForces = "other_forces_per_tx";

    /// <param name="floor">The floor's slices of the same rounds; null if it was left out.</param>
    public static Row Of(string name, int workers, string? databases, IReadOnlyList<Slice> slices, IReadOnlyList<Slice>? floor)
    {
        var parts = slices[0].CpuUs.Keys.ToDictionary(part => part, part => Medians.Of(slices.Select(slice => slice.CpuUs[part] / slice.Transactions)));
        return new Row(
            name,
            workers,
            databases,
            Medians.Of(slices.Select(slice => slice.PerSecond)),
            Medians.Of(slices.Select(slice => slice.P50Us)),
            Medians.Of(slices.Select(slice => slice.P99Us)),
            Medians.Of(slices.Select(slice => slice.CpuUs.Values.Sum() / slice.Transactions)),
            // Of each round by itself: what disturbed both alike does not count.
            floor is null ? null : Medians.Of(slices.Zip(floor, (slice, standard) => slice.PerSecond / standard.PerSecond)))
        {
            CpuUs = parts,
            Figures = slices[0].Log is null ? new Dictionary<string, double>() : LogFigures(slices),
        };
    }

    private static Dictionary<string, double> LogFigures(IReadOnlyList<Slice> slices) => new()
    {
        [ForcedWrites] = Medians.Of(slices.Select(slice => (double)slice.Log!.ForcedWrites / slice.Transactions)),
        // The high-water mark's, and two for each time that the write-ahead file is copied back.
        [OtherForces] = slices.Sum(slice => slice.Log!.MarkForces + (2.0 * slice.Log.Checkpoints)) / slices.Sum(slice => slice.Transactions),
        [LogBytes] = Medians.Of(slices.Select(slice => (double)slice.Log!.Bytes / slice.Transactions)),
    };
}
