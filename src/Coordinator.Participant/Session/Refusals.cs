namespace Coordinator.Participant.Session;

/// <summary>Why the participant itself takes no work, with the same machine-readable reasons as the coordinator's.</summary>
internal static class Refusals
{
    public static EnlistmentRefusedException Overloaded(int limit) => Create(
        Reasons.Overloaded,
        $"This participant already holds {limit} open branches. Try again later, or raise its limits (MaxOpenBranches, the "
        + "resource manager's WorkPoolSize) together with the database's prepared slots and connections.");

    public static EnlistmentRefusedException Draining() => Create(
        Reasons.Draining, "This participant is shutting down and begins no branch any more.");

    public static EnlistmentRefusedException Over() => Create(
        Reasons.WrongState, "The transaction's branch is being prepared or is over; it takes no more work.");

    public static EnlistmentRefusedException Fenced() => Create(
        Reasons.EpochFenced, "The transaction was begun under an earlier start of the coordinator.");

    /// <summary>A client reached the coordinator's next start sooner than this participant: nothing is wrong with its transaction.</summary>
    public static ParticipantUnavailableException NotYetAttached(Epoch known) => new(
        $"The coordinator was restarted, and this participant is still attaching again (it knows epoch {known}). Try again.");

    public static EnlistmentRefusedException ResourceRefused(string message) => Create(Reasons.ResourceRefused, message);

    public static EnlistmentRefusedException Poisoned(string reason) => Create(
        Reasons.BranchPoisoned, $"The branch can only roll back: {reason}");

    public static EnlistmentRefusedException Doomed(HeldBranch branch) => branch.DoomCode is { } code
        ? new EnlistmentRefusedException(code, $"The branch can only roll back: {branch.DoomReason}")
        : Over();

    private static EnlistmentRefusedException Create(string reason, string message) => new(reason, message);
}
