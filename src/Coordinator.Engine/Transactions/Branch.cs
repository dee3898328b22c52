namespace Coordinator.Engine;

/// <summary>How one branch stands, as far as the coordinator knows. The numbers are those of <c>types.proto</c>.</summary>
public enum BranchState
{
    Enlisted = 1,
    Preparing = 2,
    Prepared = 3,
    ReadOnly = 4,
    VotedNo = 5,
    Committed = 6,
    RolledBack = 7,
    Heuristic = 8,
}

/// <summary>One participant's part of a transaction, owned by its <see cref="GlobalTransaction"/>.</summary>
public sealed class Branch
{
    internal Branch(BranchId id, BranchState state, ParticipantEntry? slot, string? evidence = null)
    {
        Slot = slot;
        Id = id;
        State = state;
        Evidence = evidence;
    }

    /// <summary>Which branch.</summary>
    public BranchId Id { get; }

    /// <summary>
    /// Whose slot it takes: the participant as it was registered then. Null for a participant that was removed.
    /// </summary>
    internal ParticipantEntry? Slot { get; }

    /// <summary>How it stands.</summary>
    public BranchState State { get; internal set; }

    /// <summary>What its vote gave to prove its end with.</summary>
    public string? Evidence { get; internal set; }

    /// <summary>Why it stands so, for people.</summary>
    public string? Detail { get; internal set; }

    /// <summary>How often the present command was sent in vain.</summary>
    public int Attempts { get; internal set; }

    /// <summary>When it is sent again; null if it is under way, or waits for its participant.</summary>
    public DateTimeOffset? NextAttemptAt { get; internal set; }

    /// <summary>True once the branch voted yes: only then does an unknown end need an alarm.</summary>
    internal bool VotedPrepared => State is BranchState.Prepared;

    /// <summary>True once nothing more is to come of it.</summary>
    internal bool IsEnded => State is BranchState.ReadOnly or BranchState.Committed or BranchState.RolledBack or BranchState.Heuristic;

    internal BranchView ToView() => new(Id.Branch, State, Detail, Attempts, NextAttemptAt);
}

/// <summary>A branch at one moment.</summary>
public sealed record BranchView(BranchName Name, BranchState State, string? Detail, int Attempts, DateTimeOffset? NextAttemptAt = null);
