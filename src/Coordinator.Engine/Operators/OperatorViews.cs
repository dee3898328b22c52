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
/// <param name="AsOf">When, by the coordinator's clock.</param>
public sealed record InDoubtReport(
    IReadOnlyList<InDoubtBranch> Branches,
    IReadOnlyList<TransactionView> Undelivered,
    IReadOnlyList<HeuristicRecord> Heuristics,
    IReadOnlyDictionary<string, string> FailedScans,
    DateTimeOffset AsOf);

/// <summary>A prepared branch in a participant's database.</summary>
/// <param name="Participant">Whose database lists it.</param>
/// <param name="Plan">What recovery makes of it.</param>
/// <param name="Kind">What it is; a live transaction's that is decided counts as to be committed or rolled back.</param>
/// <param name="WhatHappens">What will happen and when, for people.</param>
/// <param name="NextAt">When that is; null if nothing will happen by itself, or nobody can tell when.</param>
/// <param name="KnownSince">It was prepared after this, by the coordinator's clock; null if its records do not tell.</param>
/// <param name="Settle">The command that settles it by hand; null if nobody needs to.</param>
public sealed record InDoubtBranch(
    string Participant, PlannedBranch Plan, PreparedKind Kind, string WhatHappens, DateTimeOffset? NextAt, DateTimeOffset? KnownSince, string? Settle);
