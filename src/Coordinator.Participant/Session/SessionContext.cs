using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Session;

/// <summary>What the parts of a <see cref="ParticipantSession"/> share.</summary>
internal sealed record SessionContext(
    BranchName Own,
    IResourceManager Resources,
    BranchTable Table,
    ParticipantOptions Options,
    TimeProvider Time,
    ILogger Logger)
{
    /// <summary>
    /// Asks the database. Where it gives no answer, nothing is known, and the coordinator is told just that. It is never
    /// cancelled by whoever asked (R12).
    /// </summary>
    public async Task<T> AskAsync<T>(string what, Func<IResourceManager, Task<T>> ask)
    {
        try
        {
            return await ask(Resources);
        }
        catch (Exception failure) when (IsNoAnswer(failure))
        {
            throw new ParticipantUnavailableException($"{what}: the database gave no answer ({failure.Message}).", failure);
        }
    }

    /// <summary>
    /// Lets go of a session: the database rolls back what is not prepared. A failure changes nothing for the caller,
    /// who takes the branch's state for unknown anyway.
    /// </summary>
    public async Task EndSessionAsync(HeldBranch branch)
    {
        IBranchSession? session;
        lock (Table.Sync)
            (session, branch.Session) = (branch.Session, null);
        if (session is null)
            return;
        try
        {
            await session.DisposeAsync();
        }
        catch (Exception failure) when (IsNoAnswer(failure))
        {
            Log.SessionNotEnded(Logger, failure, branch.Id);
        }
    }

    /// <summary>
    /// Leaves the branch's gate, and ends the session that a finished branch left behind. Left BEFORE the state is looked
    /// at: whoever finishes the branch without the gate looks at the gate after the state, so one of the two sees the other.
    /// </summary>
    public Task LeaveAsync(HeldBranch branch)
    {
        branch.Gate.Leave();
        return EndSessionIfOverAsync(branch);
    }

    /// <summary>Ends the session of a branch that is over, unless somebody is inside the gate, who ends it when leaving.</summary>
    public async Task EndSessionIfOverAsync(HeldBranch branch)
    {
        if (branch.State != HeldState.Over || !branch.Gate.TryEnter())
            return;
        try
        {
            await EndSessionAsync(branch);
        }
        finally
        {
            branch.Gate.Leave();
        }
    }

    /// <summary>
    /// True for what drivers and sockets throw when no answer came, and for the refusal of a server that concludes
    /// nothing, such as a standby: to the coordinator both mean that nothing is known.
    /// </summary>
    public static bool IsNoAnswer(Exception failure) => failure
        is DbException or TimeoutException or IOException or SocketException or ResourceRefusedException
        or OperationCanceledException or ObjectDisposedException or ParticipantUnavailableException;
}
