namespace Coordinator.Engine;

/// <summary>A registered participant at one moment.</summary>
public sealed record ParticipantView(
    ParticipantRecord Record,
    IReadOnlyList<InstanceView> Instances,
    DateTimeOffset? LastScanAt,
    string? LastScanError,
    int Undelivered,
    int OpenBranches);

/// <summary>An attached instance.</summary>
public sealed record InstanceView(IParticipant Participant, DateTimeOffset AttachedAt);

/// <summary>Log, databases and live transactions side by side.</summary>
/// <param name="Branches">Every prepared branch, what it is and what will happen.</param>
/// <param name="Undelivered">Transactions that are decided and not delivered everywhere, or in doubt.</param>
/// <param name="Heuristics">Branches that ended otherwise than decided, not yet forgotten.</param>
/// <param name="FailedScans">Participants of which nothing is concluded, with the reason.</param>
public sealed record InDoubtReport(
    IReadOnlyList<InDoubtBranch> Branches,
    IReadOnlyList<TransactionView> Undelivered,
    IReadOnlyList<HeuristicRecord> Heuristics,
    IReadOnlyDictionary<string, string> FailedScans);

/// <summary>A prepared branch in a participant's database.</summary>
public sealed record InDoubtBranch(string Participant, PlannedBranch Plan);
