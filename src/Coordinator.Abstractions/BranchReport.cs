namespace Coordinator;

/// <summary>What a resource manager says of a branch after a command or an inquiry.</summary>
/// <param name="Outcome">How the branch stands, as far as proven.</param>
/// <param name="Detail">Why, for people: the database's error code and text, or the proof. Never SQL parameters.</param>
/// <param name="NeedsOperator">True if trying again will not help until somebody acts (a missing right, a wrong database).</param>
public sealed record BranchReport(BranchOutcome Outcome, string? Detail = null, bool NeedsOperator = false)
{
    public static readonly BranchReport Committed = new(BranchOutcome.Committed);
    public static readonly BranchReport RolledBack = new(BranchOutcome.RolledBack);
}
