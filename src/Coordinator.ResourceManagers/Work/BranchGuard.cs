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

    public void LeaveTraces() => LeftTraces = true;

    public void Enter(string statement)
    {
        // Counted first and looked at second: a statement that starts while the branch is sealed is either refused
        // here or seen by the one who sealed it.
        Interlocked.Increment(ref _running);
        if (Volatile.Read(ref _sealed) != 0)
        {
            Exit();
            throw new InvalidOperationException("The branch takes no more statements: it is prepared or over.");
        }

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

    public void Exit() => Interlocked.Decrement(ref _running);
}
