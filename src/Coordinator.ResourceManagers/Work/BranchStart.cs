using System.Data;
using System.Data.Common;

namespace Coordinator.ResourceManagers.Work;

/// <summary>
/// How a branch begins: in the round trip of its first statement, wherever the driver lets the two share one without the
/// statement's results being any different; else just before it.
/// </summary>
internal abstract class BranchStart
{
    /// <summary>Behaviours that leave the results of a single statement as they are.</summary>
    private const CommandBehavior Harmless =
        CommandBehavior.SequentialAccess | CommandBehavior.SingleRow | CommandBehavior.SingleResult;

    /// <summary>True once the server has confirmed it.</summary>
    public bool HasBegun { get; protected set; }

    /// <summary>True once it was tried: something of the branch may be on the server.</summary>
    public bool WasSent { get; protected set; }

    /// <summary>True if somebody else has the branch at work or prepared: nothing of it is ours.</summary>
    public bool IsTaken { get; protected set; }

    /// <summary>The session variables that the branch asks for.</summary>
    protected Dictionary<string, string> Variables { get; } = [];

    /// <summary>Sets session variables: with the begin, or in a round trip of its own if that was sent already.</summary>
    public async Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        SessionVariables.Check(variables);
        foreach (var (name, value) in variables)
            Variables[name] = value;
        if (WasSent)
            await SetVariablesAsync(cancellationToken);
    }

    /// <summary>Begins the branch in a round trip of its own.</summary>
    /// <param name="async">False for callers that block: then the task is complete when it returns.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BranchTakenException">Somebody else has the branch.</exception>
    public abstract Task BeginAsync(bool async, CancellationToken cancellationToken);

    /// <summary>Begins the branch and executes its first statement.</summary>
    public async Task<FirstResult> ExecuteAsync(
        bool async, DbCommand first, CommandBehavior behavior, CancellationToken cancellationToken)
    {
        if (WasSent && !HasBegun)
            throw new InvalidOperationException("The branch could not be begun.");
        if ((behavior & ~Harmless) == 0
            && first.CommandType == CommandType.Text
            && StatementText.IsSingle(first.CommandText)
            && CanShare(first))
        {
            return await ExecuteTogetherAsync(async, first, behavior & CommandBehavior.SequentialAccess, cancellationToken);
        }

        await BeginAsync(async, cancellationToken);
        return new FirstResult(
            async ? await first.ExecuteReaderAsync(behavior, cancellationToken) : first.ExecuteReader(behavior), RecordsAffected: null);
    }

    /// <summary>Sets <see cref="Variables"/> now.</summary>
    protected abstract Task SetVariablesAsync(CancellationToken cancellationToken);

    /// <summary>False for a command with something that would be lost in a shared round trip.</summary>
    protected abstract bool CanShare(DbCommand first);

    /// <summary>Both in one round trip; the reader stands where the statement's own would.</summary>
    protected abstract Task<FirstResult> ExecuteTogetherAsync(
        bool async, DbCommand first, CommandBehavior behavior, CancellationToken cancellationToken);
}

/// <summary>What the first statement returned.</summary>
/// <param name="Reader">The driver's reader.</param>
/// <param name="RecordsAffected">The rows that the statement itself changed, of those that the reader tells; null: all.</param>
internal readonly record struct FirstResult(DbDataReader Reader, Func<int, int>? RecordsAffected);

/// <summary>A session elsewhere has the branch at work, or it is prepared.</summary>
internal sealed class BranchTakenException(BranchId branch, Exception? innerException = null)
    : InvalidOperationException($"Branch {branch} is already at work or prepared elsewhere.", innerException);
