namespace Coordinator;

/// <summary>Machine-readable reasons, as on the wire: the names of <c>errors.proto</c>'s enum without its prefix.</summary>
public static class Reasons
{
    public const string Malformed = "MALFORMED";
    public const string TransactionNotFound = "TRANSACTION_NOT_FOUND";
    public const string EpochFenced = "EPOCH_FENCED";
    public const string WrongState = "WRONG_STATE";
    public const string ParticipantNotFound = "PARTICIPANT_NOT_FOUND";
    public const string ParticipantIdentityConflict = "PARTICIPANT_IDENTITY_CONFLICT";
    public const string Overloaded = "OVERLOADED";
    public const string Draining = "DRAINING";
    public const string LogUnavailable = "LOG_UNAVAILABLE";
    public const string NotInDoubt = "NOT_IN_DOUBT";
    public const string DeadlinePassed = "DEADLINE_PASSED";
    public const string VotedNo = "VOTED_NO";
    public const string BranchNotEnlisted = "BRANCH_NOT_ENLISTED";
    public const string ParticipantUnavailable = "PARTICIPANT_UNAVAILABLE";
    public const string RolledBack = "ROLLED_BACK";
    public const string Operator = "OPERATOR";
    public const string StatementFailed = "STATEMENT_FAILED";
    public const string BranchPoisoned = "BRANCH_POISONED";
    public const string ResourceRefused = "RESOURCE_REFUSED";
    public const string CoordinatorRestarted = "COORDINATOR_RESTARTED";
    public const string NoRecord = "NO_RECORD";
}
