using Coordinator.Simulation.Checks;
using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Databases;

/// <summary>
/// A database server with prepared transactions and accounts. It outlives everybody: at a crash active branches roll back,
/// prepared ones stay, and finished ones may come back prepared where databases do that (an asynchronous standby that is
/// promoted; MariaDB's XA ROLLBACK). Each method is one moment at the server.
/// </summary>
internal sealed class SimulatedServer(string name, ResourceKind kind, int accounts, SeededRandom random, Oracle oracle, Func<Faults> faults)
{
    private readonly Dictionary<BranchId, ServerBranch> _branches = [];
    private readonly Dictionary<int, BranchId> _locks = [];
    private readonly HashSet<BranchId> _fenced = [];
    private readonly Stack<Action> _undoable = new();
    private readonly List<CoordinatorMark> _marks = [];
    private readonly List<ServerSession> _sessions = [];
    private int _starts = 1;
    private ulong _lastXid = 700;

    public string Name { get; } = name;

    public ResourceKind Kind { get; } = kind;

    public bool IsUp { get; private set; } = true;

    public string Start => $"start {_starts}";

    public ResourceIdentity Identity { get; } = new(kind, "server-" + name, name, "row-" + name);

    public IReadOnlyList<CoordinatorMark> Marks => [.. _marks];

    public long[] Balances { get; } = Enumerable.Repeat(1000L, accounts).ToArray();

    public IEnumerable<ServerBranch> Branches => _branches.Values;

    /// <summary>Prepared branches of strangers; nobody may touch them.</summary>
    public List<PreparedBranch> Strangers { get; } = [];

    private bool HasWitness => Kind != ResourceKind.Postgres;

    public ServerBranch? Find(BranchId id) => _branches.GetValueOrDefault(id);

    public ServerSession OpenSession()
    {
        var session = new ServerSession();
        _sessions.Add(session);
        return session;
    }

    /// <summary>The client is gone, or a resolver ended it: what it had not prepared rolls back.</summary>
    public void EndSession(ServerSession session)
    {
        if (session.IsEnded)
            return;
        session.IsEnded = true;
        _sessions.Remove(session);
        if (session.Branch is { State: BranchState.Active } branch)
            RollBack(branch);
    }

    public void Begin(ServerSession session, BranchId id)
    {
        if (_fenced.Contains(id) || _branches.ContainsKey(id))
            throw new DatabaseException($"{id} was here before");
        session.Branch = _branches[id] = new ServerBranch(id, session, ++_lastXid);
        oracle.Begun(this, id);
    }

    /// <returns>False while another branch has the row.</returns>
    public bool TryWrite(ServerSession session, int account, long delta)
    {
        var branch = Working(session);
        if (_locks.TryGetValue(account, out var holder) && holder != branch.Id)
            return false;
        _locks[account] = branch.Id;
        branch.Writes.Add((account, delta));
        return true;
    }

    /// <returns>What the vote is proven with.</returns>
    public string Prepare(ServerSession session)
    {
        var branch = Working(session);
        branch.State = BranchState.Prepared;
        branch.WasPrepared = true;
        Settle();
        oracle.Prepared(this, branch.Id);
        return EvidenceOf(branch);
    }

    /// <summary>As its list shows a prepared branch. Only PostgreSQL's has the transaction's number, which is evidence.</summary>
    public PreparedBranch List(ServerBranch branch) =>
        new(branch.Id.Gid, branch.Id, null, Kind == ResourceKind.Postgres ? EvidenceOf(branch) : null);

    private string EvidenceOf(ServerBranch branch) => HasWitness ? "w" : "x" + branch.Xid;

    public static void EndReadOnly(ServerSession session) => Working(session).State = BranchState.ReadOnly;

    public void CommitOnePhase(ServerSession session)
    {
        var branch = Working(session);
        Commit(branch);
        Settle();
    }

    /// <summary>COMMIT PREPARED, XA COMMIT.</summary>
    /// <returns>False: the server doesn't know such a prepared branch.</returns>
    public bool CommitPrepared(BranchId id, bool mayHide)
    {
        oracle.CommitCommanded(this, id);
        if (Find(id) is not { State: BranchState.Prepared } branch)
            return false;
        if (mayHide && Kind == ResourceKind.MariaDb && random.Chance(faults().Hidden))
        {
            branch.State = BranchState.Hidden;
            oracle.Note($"{Name}: {id.Branch} of {id.Transaction.Sequence} is hidden");
            oracle.Tally.Count("branches hidden");
            return true;
        }

        Commit(branch);
        // An asynchronous standby may not have heard of it; MariaDB and MySQL keep what they acknowledged.
        if (Kind == ResourceKind.Postgres)
            _undoable.Push(() => BringBack(branch));
        else
            Settle();
        return true;
    }

    /// <summary>ROLLBACK PREPARED, XA ROLLBACK.</summary>
    /// <param name="id">Which.</param>
    /// <param name="isFenced">True where a durable write follows it, which makes it durable too.</param>
    public bool RollbackPrepared(BranchId id, bool isFenced)
    {
        oracle.RollbackCommanded(this, id);
        if (Strangers.Any(stranger => stranger.Id == id))
            oracle.Violate($"{Name}: a stranger's branch {id} is rolled back");
        if (Find(id) is not { State: BranchState.Prepared } branch)
            return false;
        RollBack(branch);
        if (isFenced || Kind == ResourceKind.MySql)
            Settle();
        else
            _undoable.Push(() => BringBack(branch));
        return true;
    }

    /// <summary>A resolver's row under the branch's key: a late branch of that id cannot write.</summary>
    public void Fence(BranchId id)
    {
        _fenced.Add(id);
        Settle();
    }

    public void Remember(CoordinatorMark mark)
    {
        if (_marks.Find(other => other.Cluster == mark.Cluster) is { } old)
        {
            if (old.Epoch.Number > mark.Epoch.Number || (old.Epoch == mark.Epoch && old.Position >= mark.Position))
                return;
            _marks.Remove(old);
            _undoable.Push(() => _marks.Add(old));
        }

        _marks.Add(mark);
        _undoable.Push(() => _marks.Remove(mark));
    }

    public void Crash()
    {
        IsUp = false;
        foreach (var session in _sessions.ToList())
            EndSession(session);
        if (random.Chance(faults().FinishedComesBack))
        {
            for (var count = random.Chance(0.5) ? _undoable.Count : random.Below(_undoable.Count + 1); count > 0; count--)
                _undoable.Pop()();
        }

        _undoable.Clear();
    }

    public void Restart()
    {
        IsUp = true;
        _starts++;
        foreach (var branch in _branches.Values.Where(branch => branch.State == BranchState.Hidden))
            branch.State = BranchState.Prepared;
        oracle.Note($"{Name}: restarted, {_branches.Values.Count(branch => branch.State == BranchState.Prepared)} prepared");
    }

    private static ServerBranch Working(ServerSession session) => session.Branch is { State: BranchState.Active } branch && !session.IsEnded
        ? branch
        : throw new DatabaseException("the session has no branch at work");

    private void Commit(ServerBranch branch)
    {
        branch.State = BranchState.Committed;
        branch.HasCommitted = true;
        foreach (var (account, delta) in branch.Writes)
            Balances[account] += delta;
        Unlock(branch);
        oracle.Committed(this, branch);
    }

    private void RollBack(ServerBranch branch)
    {
        branch.State = BranchState.RolledBack;
        Unlock(branch);
        oracle.RolledBack(this, branch);
    }

    private void BringBack(ServerBranch branch)
    {
        if (branch.State == BranchState.Committed)
        {
            foreach (var (account, delta) in branch.Writes)
                Balances[account] -= delta;
        }

        branch.State = BranchState.Prepared;
        foreach (var (account, _) in branch.Writes)
            _locks[account] = branch.Id;
        oracle.Note($"{Name}: {branch.Id.Branch} of {branch.Id.Transaction.Sequence} came back prepared");
        oracle.Tally.Count("finished branches that came back prepared");
    }

    private void Unlock(ServerBranch branch)
    {
        foreach (var (account, _) in branch.Writes)
        {
            if (_locks.TryGetValue(account, out var holder) && holder == branch.Id)
                _locks.Remove(account);
        }
    }

    // Something durable was written after it: what came before cannot be lost any more.
    private void Settle() => _undoable.Clear();
}

/// <summary>A connection with what works on it.</summary>
internal sealed class ServerSession
{
    public bool IsEnded { get; set; }

    public ServerBranch? Branch { get; set; }
}

/// <summary>A branch as the server has it.</summary>
internal sealed class ServerBranch(BranchId id, ServerSession session, ulong xid)
{
    public BranchId Id { get; } = id;

    public ServerSession Session { get; } = session;

    public ulong Xid { get; } = xid;

    public BranchState State { get; set; } = BranchState.Active;

    public bool WasPrepared { get; set; }

    /// <summary>True even if it was brought back since.</summary>
    public bool HasCommitted { get; set; }

    public List<(int Account, long Delta)> Writes { get; } = [];
}

internal enum BranchState
{
    Active,
    Prepared,

    /// <summary>MariaDB: prepared, its locks held, unlisted until the server restarts.</summary>
    Hidden,
    ReadOnly,
    Committed,
    RolledBack,
}

/// <summary>What a driver throws: the server refused, or gave no answer.</summary>
internal sealed class DatabaseException(string message) : System.Data.Common.DbException(message);
