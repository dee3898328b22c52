using Coordinator.Client.Propagation;

namespace Coordinator.Client;

// The calls that work in the transaction: a commit waits for none of them, it refuses to start before they have ended.
public sealed partial class GlobalTransaction
{
    internal static void Restore(GlobalTransaction? outer) => Ambient.Value = outer;

    /// <summary>Registers a call before it is sent.</summary>
    /// <param name="what">The call, for people.</param>
    internal PendingCall StartCall(string what)
    {
        lock (_lock)
        {
            RequireActive($"{what} cannot work in it");
            if (_rollbackOnly is not null)
            {
                throw new InvalidOperationException(
                    $"{what} cannot work in it: transaction {Id} can only roll back, because {_rollbackOnly}");
            }

            _openCalls++;
        }

        return new PendingCall(this, what);
    }

    internal void EndCall(IReadOnlyList<BranchName> branches)
    {
        lock (_lock)
        {
            _openCalls--;
            foreach (var branch in branches)
                Join(branch);
        }
    }
}
