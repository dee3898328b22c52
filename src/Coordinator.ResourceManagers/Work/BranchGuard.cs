using System.Data;
using System.Data.Common;

namespace Coordinator.ResourceManagers.Work;

/// <summary>
/// What a branch's wrapped connection reports to its session: statements under way, and the first reason why the branch
/// can only roll back. MySQL and MariaDB go on after a failed statement as if nothing had been; here it poisons.
/// Thread-safe, because a statement may still run on another thread when prepare is asked for.
/// </summary>
internal sealed class BranchGuard
{
    private int _running;
    private int _sealed;
    private string? _reason;

    public string? Reason => Volatile.Read(ref _reason);

    public bool IsRunning => Volatile.Read(ref _running) > 0;

    /// <summary>True if a statement did more than plain reading and writing: the session may not be used again as it is.</summary>
    public bool LeftTraces { get; private set; }

    public void Poison(string reason) => Interlocked.CompareExchange(ref _reason, reason, null);

    /// <summary>From here on no statement begins: the branch is being prepared or is over.</summary>
    public void Seal() => Volatile.Write(ref _sealed, 1);

    /// <summary>Seals the branch; returns why it can only roll back, null if it may be prepared.</summary>
    public string? CloseToWork()
    {
        Seal();
        if (IsRunning)
            Poison("A statement is still running.");
        return Reason;
    }

    public void LeaveTraces() => LeftTraces = true;

    /// <summary>Applies to a statement that is deferred what applies to one that is executed; returns the driver's command.</summary>
    public DbCommand CheckDeferred(DbCommand command, DbConnection connection)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (command is not BranchCommand own || !ReferenceEquals(command.Connection, connection))
            throw new ArgumentException("A deferred command is one of the branch's own connection.", nameof(command));
        if (command.CommandType != CommandType.Text || !StatementText.IsSingle(command.CommandText))
            throw new NotSupportedException("A deferred command is one statement of text.");
        Enter(command.CommandText);
        Exit();
        return own.Inner;
    }

    /// <summary>Lets a statement of the work in, and looks at what it may do.</summary>
    public void Enter(string statement)
    {
        Enter();
        if (StatementText.EndsTransaction(statement))
        {
            Exit();
            const string Reason = "A statement tried to begin or end a transaction; the coordinator alone does that.";
            Poison(Reason);
            throw new InvalidOperationException(Reason);
        }

        if (!StatementText.IsPlain(statement))
            LeaveTraces();
    }

    /// <summary>Counts a statement as running; refuses it once the branch is sealed.</summary>
    public void Enter()
    {
        // Counted first and looked at second: a statement that starts while the branch is sealed is either refused
        // here or seen by the one who sealed it.
        Interlocked.Increment(ref _running);
        if (Volatile.Read(ref _sealed) != 0)
        {
            Exit();
            throw new InvalidOperationException("The branch takes no more statements: it is prepared or over.");
        }
    }

    /// <summary>A reader keeps its statement running until it is closed; called while that is counted already.</summary>
    public void EnterReader() => Interlocked.Increment(ref _running);

    /// <summary>Runs a statement that was entered, and exits when it has ended; its failure poisons.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> execute)
    {
        try
        {
            return await execute();
        }
        catch (Exception failure)
        {
            // Drivers may put parameter values into the messages of client-side errors, so only a database's own text is kept.
            Poison(FailureText.Of(failure));
            throw;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs a statement of ours among those of the work: it counts as running, and its failure poisons.</summary>
    public async Task RunOwnAsync(Func<Task> execute)
    {
        Enter();
        await RunAsync(async () =>
        {
            await execute();
            return true;
        });
    }

    public void Exit() => Interlocked.Decrement(ref _running);
}
