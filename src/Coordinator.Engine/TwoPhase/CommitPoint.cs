namespace Coordinator.Engine;

/// <summary>The two moments at which a crash leaves branches in doubt: where drills and kill tests stop a coordinator.</summary>
public enum CommitPoint
{
    /// <summary>Every branch is prepared; nothing is decided.</summary>
    Prepared,

    /// <summary>The commit decision is durable; no branch has been told.</summary>
    Decided,
}
