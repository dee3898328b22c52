namespace Coordinator.Client.Propagation;

/// <summary>
/// A call that works in a transaction, from before it is sent. It ends once: answered with the branches it worked in,
/// refused before any work, or lost. A lost one makes the transaction rollback-only: whether the work was done is not
/// known, and committing the rest would be committing half.
/// </summary>
internal sealed class PendingCall(GlobalTransaction transaction, string what)
{
    private int _ended;

    /// <summary>The answer came, and names these branches.</summary>
    public void Answered(IEnumerable<string> branchValues)
    {
        try
        {
            var branches = PropagationHeaders.ParseBranches(branchValues);
            End(branches, lost: null);
        }
        catch (FormatException malformed)
        {
            End([], $"{what} named branches that cannot be read: {malformed.Message}");
        }
    }

    /// <summary>The call is sure to have done no work.</summary>
    public void Refused() => End([], lost: null);

    /// <summary>The call failed after it may have worked, or its work failed.</summary>
    public void Lost(string why, IEnumerable<string>? branchValues = null)
    {
        // The branch is of use for the rollback only, so one that cannot be read is no further harm.
        var branches = (branchValues ?? []).Where(value => BranchName.TryParse(value, out _)).Select(BranchName.Parse);
        End([.. branches], $"{what}: {why}");
    }

    private void End(IReadOnlyList<BranchName> branches, string? lost)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        if (lost is not null)
            transaction.SetRollbackOnly(lost);
        transaction.EndCall(branches);
    }
}
