namespace Coordinator.Cli.Output;

// The documents of -o json. Programs depend on these names: fields are added, never renamed or removed. Each field is
// always there; null means that there is nothing to tell.

internal sealed record StatusDocument(
    string Cluster,
    string Epoch,
    string Health,
    string? Detail,
    string Version,
    DateTimeOffset? StartedAt,
    int ParticipantsAttached,
    int ParticipantsRegistered,
    IReadOnlyDictionary<string, long> OpenTransactions,
    long Begun,
    long Committed,
    long Aborted,
    long Heuristic,
    long LogPosition,
    long LogRecords,
    long LogForcedWrites);

internal sealed record BranchDocument(string Name, string? State, string? Detail, int Attempts, DateTimeOffset? NextAttemptAt);

internal sealed record TransactionDocument(
    string Id,
    string? Name,
    string? State,
    string? Outcome,
    string? Reason,
    DateTimeOffset? BegunAt,
    DateTimeOffset? Deadline,
    IReadOnlyList<BranchDocument> Branches);

internal sealed record TransactionsDocument(IReadOnlyList<TransactionDocument> Transactions, bool More);

internal sealed record HeuristicDocument(
    string TransactionId, string Branch, string Decided, string Found, string? Detail, DateTimeOffset? At);

internal sealed record ShowDocument(TransactionDocument Transaction, IReadOnlyList<HeuristicDocument> Heuristics);

internal sealed record InDoubtBranchDocument(
    string Participant,
    string Raw,
    string? TransactionId,
    string? Branch,
    string? Kind,
    string? WhatHappens,
    DateTimeOffset? PreparedAt,
    DateTimeOffset? NextAt,
    DateTimeOffset? KnownSince,
    string? Settle);

internal sealed record InDoubtDocument(
    DateTimeOffset? AsOf,
    IReadOnlyList<InDoubtBranchDocument> Branches,
    IReadOnlyList<TransactionDocument> Undelivered,
    IReadOnlyList<HeuristicDocument> Heuristics,
    IReadOnlyDictionary<string, string> FailedScans,
    bool More);

internal sealed record InstanceDocument(
    string Instance, DateTimeOffset? AttachedAt, string? SqlAddress, string? ServerVersion);

internal sealed record ParticipantDocument(
    string Name,
    string? Kind,
    string? Server,
    string? Database,
    string? IdentityRow,
    IReadOnlyList<InstanceDocument> Instances,
    DateTimeOffset? RegisteredAt,
    DateTimeOffset? LastScanAt,
    string? LastScanError,
    int Undelivered,
    int OpenBranches);

internal sealed record ParticipantsDocument(IReadOnlyList<ParticipantDocument> Participants);

internal sealed record RemovedDocument(string Name, int AbandonedBranches);

internal sealed record ResolvedDocument(string TransactionId, string? Outcome, IReadOnlyList<BranchDocument> Branches);

internal sealed record ForgottenDocument(string TransactionId, int Forgotten);

internal sealed record HorizonDocument(int Epoch, long Sequence);

internal sealed record LogDocument(
    string Path,
    string? Cluster,
    string? Epoch,
    long End,
    long Records,
    long? MarkPosition,
    HorizonDocument? Horizon,
    int? RestoredBefore,
    int Unfinished);

internal sealed record LogRecordDocument(
    long Position, DateTimeOffset At, string Kind, string? TransactionId, string? Decision, IReadOnlyList<string> Branches, string Text);

internal sealed record LogRestoredDocument(string Path, int QuarantinedUpToEpoch, string Reason, DateTimeOffset At);
