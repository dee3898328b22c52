namespace Coordinator.Engine.Tests;

/// <summary>
/// A database with prepared transactions, in memory, behind a participant. It outlives coordinators, as a database
/// does. Hooks run BEFORE the command takes effect, so a test can fail, delay or crash there.
/// </summary>
public sealed class FakeDatabase(string name, Trace trace)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<BranchId, BranchOutcome> _branches = [];
    private readonly Dictionary<string, Func<BranchId, Task>> _before = [];
    private readonly Dictionary<string, Func<BranchId, Task>> _after = [];

    public string Name { get; } = name;

    public List<CoordinatorMark> Marks { get; } = [];

    public List<PreparedBranch> Strangers { get; } = [];

    public Vote? NextVote { get; set; }

    public bool IsStandby { get; set; }

    public BranchReport? CommitAnswer { get; set; }

    public BranchReport? RollbackAnswer { get; set; }

    public ResourceIdentity Identity { get; set; } = new(ResourceKind.Postgres, "server", name, "row-" + name);

    public int MaxBranches { get; set; } = 1000;

    /// <summary>What the last command to finish a branch brought to prove its end with.</summary>
    public string? EvidenceBrought { get; set; }

    public FakeDatabase Before(string command, Func<BranchId, Task> hook)
    {
        _before[command] = hook;
        return this;
    }

    public FakeDatabase After(string command, Func<BranchId, Task> hook)
    {
        _after[command] = hook;
        return this;
    }

    public void Clear()
    {
        _before.Clear();
        _after.Clear();
    }

    public BranchOutcome? OutcomeOf(BranchId branch)
    {
        lock (_gate)
            return _branches.TryGetValue(branch, out var outcome) ? outcome : null;
    }

    public IReadOnlyList<BranchId> Prepared
    {
        get
        {
            lock (_gate)
                return [.. _branches.Where(pair => pair.Value == BranchOutcome.Prepared).Select(pair => pair.Key)];
        }
    }

    public void Set(BranchId branch, BranchOutcome outcome)
    {
        lock (_gate)
            _branches[branch] = outcome;
    }

    /// <summary>Sessions die with their process: active branches are rolled back, prepared ones stay.</summary>
    public void LoseSessions()
    {
        lock (_gate)
        {
            foreach (var branch in _branches.Where(pair => pair.Value == BranchOutcome.Active).Select(pair => pair.Key).ToList())
                _branches[branch] = BranchOutcome.RolledBack;
        }
    }

    public FakeParticipant Attach(string instance) => new(this, instance, trace);

    internal async Task<T> RunAsync<T>(string command, BranchId branch, Func<T> effect)
    {
        trace.Add($"{Name}: {command}");
        if (_before.TryGetValue(command, out var before))
            await before(branch);
        T result;
        lock (_gate)
            result = effect();
        if (_after.TryGetValue(command, out var after))
            await after(branch);
        return result;
    }

    internal BranchReport Finish(BranchId branch, BranchOutcome wanted)
    {
        var current = _branches.GetValueOrDefault(branch, BranchOutcome.Unknown);
        if (current == wanted)
            return new BranchReport(wanted, "already");
        if (current == BranchOutcome.Prepared || (current == BranchOutcome.Active && wanted == BranchOutcome.RolledBack))
        {
            _branches[branch] = wanted;
            return new BranchReport(wanted);
        }

        return new BranchReport(current, "found so");
    }
}

/// <summary>An attached instance over a <see cref="FakeDatabase"/>.</summary>
public sealed class FakeParticipant(FakeDatabase database, string instance, Trace trace) : IParticipant
{
    public string Name => database.Name;

    public string Instance { get; } = instance;

    public bool IsGone { get; set; }

    public ResourceAttachment Resource => new(database.Identity, [.. database.Marks], "start", "fake 1", database.MaxBranches);

    public BranchId BranchOf(TransactionId transaction) => new(transaction, new BranchName(Name, Instance));

    public void Work(BranchId branch) => database.Set(branch, BranchOutcome.Active);

    public Task<Vote> PrepareAsync(BranchId branch, CancellationToken cancellationToken) => CommandAsync("prepare", branch, () =>
    {
        if (database.NextVote is { } vote and not Vote.Prepared)
        {
            database.Set(branch, BranchOutcome.RolledBack);
            return vote;
        }

        database.Set(branch, BranchOutcome.Prepared);
        return database.NextVote ?? new Vote.Prepared("evidence-" + Name);
    });

    public Task<BranchReport> CommitOnePhaseAsync(BranchId branch, CancellationToken cancellationToken) => CommandAsync("commit one-phase", branch, () =>
    {
        database.Set(branch, BranchOutcome.Committed);
        return BranchReport.Committed;
    });

    public Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        CommandAsync("commit", branch, () =>
        {
            database.EvidenceBrought = evidence;
            return database.CommitAnswer ?? database.Finish(branch, BranchOutcome.Committed);
        });

    public Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        CommandAsync("rollback", branch, () =>
        {
            database.EvidenceBrought = evidence;
            return database.RollbackAnswer ?? database.Finish(branch, BranchOutcome.RolledBack);
        });

    public Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        CommandAsync("find outcome", branch, () => new BranchReport(database.OutcomeOf(branch) ?? BranchOutcome.Unknown));

    public async Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken)
    {
        CheckAttached();
        if (database.IsStandby)
            throw new ParticipantUnavailableException("the server is a standby");
        return await database.RunAsync("list prepared", new BranchId(TransactionId.Create(ClusterId.FromRandom(0), new Epoch(1, 1), 1, 1), new BranchName(Name, Instance)), () =>
            new PreparedScan([.. database.Prepared.Select(branch => new PreparedBranch(branch.Gid, branch, null, "listed-" + Name)), .. database.Strangers], "start"));
    }

    public Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken)
    {
        CheckAttached();
        lock (database.Marks)
        {
            database.Marks.RemoveAll(other => other.Cluster == mark.Cluster);
            database.Marks.Add(mark);
        }

        return Task.CompletedTask;
    }

    private async Task<T> CommandAsync<T>(string command, BranchId branch, Func<T> effect)
    {
        CheckAttached();
        var result = await database.RunAsync(command, branch, effect);
        CheckAttached();
        return result;
    }

    private void CheckAttached()
    {
        if (IsGone)
        {
            trace.Add($"{Name}: gone");
            throw new ParticipantUnavailableException("the stream is broken");
        }
    }
}
