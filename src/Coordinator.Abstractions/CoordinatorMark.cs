namespace Coordinator;

/// <summary>
/// What a participant's database remembers of a coordinator (R7): if a log's end lies below the position remembered
/// here, that log was lost or restored from a backup, and nothing of the epochs before is presumed aborted.
/// </summary>
/// <param name="Cluster">The coordinator's cluster.</param>
/// <param name="Epoch">The newest epoch that attached.</param>
/// <param name="Position">The end of the durable log when the mark was written, in records.</param>
public sealed record CoordinatorMark(ClusterId Cluster, Epoch Epoch, long Position);
