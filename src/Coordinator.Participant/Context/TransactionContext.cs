namespace Coordinator.Participant.Context;

/// <summary>
/// The global transaction that the current request belongs to, and the branches that its work enlisted. It flows with
/// the request's asynchronous control flow.
/// </summary>
public sealed class TransactionContext
{
    private static readonly AsyncLocal<TransactionContext?> _ambient = new();

    private readonly Lock _sync = new();
    private readonly List<BranchName> _branches = [];

    private TransactionContext(TransactionId transaction) => Transaction = transaction;

    /// <summary>The current request's; null if it names no transaction.</summary>
    public static TransactionContext? Current => _ambient.Value;

    /// <summary>The transaction.</summary>
    public TransactionId Transaction { get; }

    /// <summary>The branches that this request worked in so far, each once.</summary>
    public IReadOnlyList<BranchName> Branches
    {
        get
        {
            lock (_sync)
                return [.. _branches];
        }
    }

    /// <summary>Adds a branch that another service reported, so that the response to this request names it too.</summary>
    public void Add(BranchName branch)
    {
        lock (_sync)
        {
            if (!_branches.Contains(branch))
                _branches.Add(branch);
        }
    }

    /// <summary>Makes a transaction the current one, for this asynchronous control flow and what it calls.</summary>
    internal static TransactionContext Begin(TransactionId transaction) => _ambient.Value = new TransactionContext(transaction);

    /// <summary>Adds the branch of work that was just enlisted, if it is this transaction's.</summary>
    internal void Note(BranchId branch)
    {
        if (branch.Transaction == Transaction)
            Add(branch.Branch);
    }
}
