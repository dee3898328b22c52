namespace Coordinator.Initiation.Committing;

/// <summary>A branch in this process.</summary>
internal sealed class LocalBranch(BranchId id, IParticipant participant)
{
    public BranchId Id => id;

    public IParticipant Participant => participant;

    /// <summary>Null until it has voted.</summary>
    public Vote? Vote { get; set; }

    public string? Evidence => (Vote as Vote.Prepared)?.Evidence;
}
