namespace Coordinator.Log;

/// <summary>
/// The first byte of every record. Frozen: a number is never changed and never used again. The second byte is the
/// version of the kind's fields.
/// </summary>
/// <remarks>
/// Version history (all kinds began with version 1 in 0.1.0). To add a field: a new version of that kind, which reads
/// the older ones too, a line here, and a new golden file; golden files that exist never change.
/// </remarks>
internal enum RecordKind : byte
{
    /// <summary>1: time, cluster, epoch number, nonce.</summary>
    Epoch = 1,

    /// <summary>
    /// 1: time, transaction, decision, name, key?, reason?, branches (name, evidence?). 2: as 1, then trace id, span id; only
    /// where there is a sampled trace, all else is written as 1.
    /// </summary>
    Decision = 2,

    /// <summary>1: time, transaction.</summary>
    End = 3,

    /// <summary>1: time, name, kind, server, database, row.</summary>
    Participant = 4,

    /// <summary>1: time, name, reason.</summary>
    ParticipantRemoved = 5,

    /// <summary>1: time, transaction, branch, decided, found, detail.</summary>
    Heuristic = 6,

    /// <summary>1: time, transaction, reason.</summary>
    Forgotten = 7,

    /// <summary>1: time, transaction, branch?, decision, reason.</summary>
    Resolved = 8,

    /// <summary>1: time, epoch number, sequence.</summary>
    Horizon = 9,

    /// <summary>1: time, epoch number, reason.</summary>
    Restored = 10,
}
