namespace Coordinator.Client;

/// <summary>When a commit returns. It is committed either way.</summary>
public enum CommitReturn
{
    /// <summary>Once every branch has been told, or after the coordinator's own limit for that (5 s by default).</summary>
    Delivered,

    /// <summary>As soon as the decision is durable; branches may hold their locks, and hide the changes, for a moment longer.</summary>
    Decided,
}

/// <summary>How to commit.</summary>
public sealed record CommitOptions
{
    internal static CommitOptions Default { get; } = new();

    /// <summary>When the commit returns.</summary>
    public CommitReturn Return { get; init; } = CommitReturn.Delivered;

    /// <summary>
    /// How long to ask for the outcome, through lost connections and restarts of the coordinator, before giving up with
    /// <see cref="TransactionInDoubtException"/>.
    /// </summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(30);

    internal void Validate()
    {
        CoordinatorClientOptions.RequirePositive(Wait, nameof(Wait));
        if (!Enum.IsDefined(Return))
            throw new ArgumentOutOfRangeException(nameof(Return), Return, "Not a value of CommitReturn.");
    }
}

/// <summary>A commit's good end: every branch commits, or has.</summary>
/// <param name="DeliveryPending">True if some branches have not been told yet; they will be.</param>
/// <param name="Branches">The branches as the coordinator knew them then.</param>
public sealed record CommitResult(bool DeliveryPending, IReadOnlyList<BranchDescription> Branches);
