namespace Coordinator.Benchmarks.Measuring;

/// <summary>What a coordinator's log has done since its start.</summary>
/// <param name="Records">Records written.</param>
/// <param name="ForcedWrites">Durable writes, one a batch: each forces the write-ahead file once.</param>
/// <param name="Bytes">Bytes of records.</param>
/// <param name="MarkForces">How often the high-water mark was forced.</param>
/// <param name="Checkpoints">How often the write-ahead file was copied back, which forces both files.</param>
internal sealed record LogCounts(long Records, long ForcedWrites, long Bytes, long MarkForces, long Checkpoints)
{
    public static LogCounts operator -(LogCounts after, LogCounts before) => new(
        after.Records - before.Records,
        after.ForcedWrites - before.ForcedWrites,
        after.Bytes - before.Bytes,
        after.MarkForces - before.MarkForces,
        after.Checkpoints - before.Checkpoints);
}
