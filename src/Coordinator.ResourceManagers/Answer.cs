namespace Coordinator.ResourceManagers;

/// <summary>What is known after a command was sent to a database. Commit and recovery share it.</summary>
internal enum Answer
{
    /// <summary>The database did it.</summary>
    Done,

    /// <summary>The database said no and did not do it.</summary>
    Refused,

    /// <summary>No answer, or one that proves nothing: it may have been done, or be done later.</summary>
    Unknown,
}

/// <summary>An <see cref="Answer"/> with its reason.</summary>
/// <param name="Answer">What is known.</param>
/// <param name="Detail">The database's code and text.</param>
/// <param name="IsUnknownBranch">The database does not know the branch: no proof of anything (R10).</param>
/// <param name="NeedsOperator">Trying again is in vain until somebody acts.</param>
internal readonly record struct Verdict(
    Answer Answer,
    string? Detail = null,
    bool IsUnknownBranch = false,
    bool NeedsOperator = false)
{
    public static readonly Verdict Done = new(Answer.Done);

    /// <summary>A refused command of phase 2 leaves the branch prepared, to be tried again.</summary>
    public BranchReport StillPrepared() => new(BranchOutcome.Prepared, Detail, NeedsOperator);
}
