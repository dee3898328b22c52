namespace Coordinator;

/// <summary>How a branch stands in its database, as far as it is proven. Persisted: values never change.</summary>
public enum BranchOutcome
{
    /// <summary>Proven committed.</summary>
    Committed = 1,

    /// <summary>Proven rolled back: nothing of it remains and nothing will appear.</summary>
    RolledBack = 2,

    /// <summary>Still prepared, and still holding its locks.</summary>
    Prepared = 3,

    /// <summary>Still at work in a session; not prepared.</summary>
    Active = 4,

    /// <summary>The database does not know the branch, and there is no proof of how it ended (R10).</summary>
    Unknown = 5,
}
