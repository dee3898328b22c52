using Coordinator.Contracts.V1;

namespace Coordinator.Client;

/// <summary>A transaction as its coordinator saw it at one moment.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The name that Begin gave; may be empty.</param>
/// <param name="State">How far it is.</param>
/// <param name="Outcome">How it ended; Unspecified while it goes on.</param>
/// <param name="Reason">Why it was aborted, or is in doubt; for people; may be empty.</param>
/// <param name="Branches">Its branches.</param>
/// <param name="BegunAt">The coordinator's time of Begin; null if it no longer knows.</param>
/// <param name="Deadline">When it aborts unless commit is asked for; null once that is past.</param>
public sealed record TransactionDescription(
    TransactionId Id,
    string Name,
    TransactionState State,
    Outcome Outcome,
    string Reason,
    IReadOnlyList<BranchDescription> Branches,
    DateTimeOffset? BegunAt,
    DateTimeOffset? Deadline)
{
    internal static TransactionDescription From(Transaction transaction) => new(
        TransactionId.Parse(transaction.TransactionId),
        transaction.Name,
        transaction.State,
        transaction.Outcome,
        transaction.Reason,
        BranchDescription.From(transaction.Branches),
        transaction.BegunAt?.ToDateTimeOffset(),
        transaction.Deadline?.ToDateTimeOffset());
}

/// <summary>One branch as the coordinator saw it at one moment.</summary>
/// <param name="Name"><c>{participant}.{instance}</c></param>
/// <param name="State">How far it is.</param>
/// <param name="Detail">Why it stands so, for people; may be empty.</param>
/// <param name="Attempts">How often its present command was sent without success.</param>
public sealed record BranchDescription(string Name, BranchState State, string Detail, int Attempts)
{
    internal static IReadOnlyList<BranchDescription> From(IEnumerable<Branch> branches) =>
        [.. branches.Select(branch => new BranchDescription(branch.Name, branch.State, branch.Detail, branch.Attempts))];
}
