using System.Data.Common;

namespace Coordinator.Participant.Tests.Fakes;

/// <summary>
/// A database's prepared transactions in memory, with an ordered trace of what it was asked. A test makes single
/// operations fail or wait by name.
/// </summary>
internal sealed class FakeResourceManager : IResourceManager
{
    private readonly Lock _sync = new();
    private readonly Dictionary<BranchId, BranchOutcome> _branches = [];
    private readonly Dictionary<string, Func<Task>> _hooks = [];
    private readonly List<string> _trace = [];

    public ResourceKind Kind => ResourceKind.Postgres;

    public string ServerStart { get; set; } = "start-1";

    public int MaxBranches { get; set; } = 100;

    public int MaxSessions { get; set; } = int.MaxValue;

    /// <summary>The next sessions vote so.</summary>
    public Vote Vote { get; set; } = new Vote.Prepared("evidence");

    public List<CoordinatorMark> Marks { get; } = [];

    public ResourceIdentity Identity { get; set; } = new(ResourceKind.Postgres, "server-1", "shop", "row-1");

    public IReadOnlyList<string> Trace
    {
        get
        {
            lock (_sync)
                return [.. _trace];
        }
    }

    /// <summary>Runs before the operation takes effect; what it throws is what the caller gets.</summary>
    public void On(string operation, Func<Task> hook)
    {
        lock (_sync)
            _hooks[operation] = hook;
    }

    public void FailWith(string operation, Exception failure) => On(operation, () => Task.FromException(failure));

    public void Heal(string operation)
    {
        lock (_sync)
            _hooks.Remove(operation);
    }

    public BranchOutcome? OutcomeOf(BranchId branch)
    {
        lock (_sync)
            return _branches.TryGetValue(branch, out var outcome) ? outcome : null;
    }

    /// <summary>What another process, a restart or a DBA makes of a branch.</summary>
    public void Set(BranchId branch, BranchOutcome outcome)
    {
        lock (_sync)
            _branches[branch] = outcome;
    }

    public async Task<ResourceAttachment> AttachAsync(CancellationToken cancellationToken)
    {
        await TraceAsync("attach");
        return new ResourceAttachment(Identity, [.. Marks], ServerStart, "1.0", MaxBranches);
    }

    public async Task<IBranchSession> BeginAsync(BranchId branch, BranchOptions options, CancellationToken cancellationToken)
    {
        await TraceAsync("begin").WaitAsync(cancellationToken);
        Set(branch, BranchOutcome.Active);
        return new FakeSession(this, branch);
    }

    public Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        FinishAsync("commit", branch, BranchOutcome.Committed);

    public Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        FinishAsync("rollback", branch, BranchOutcome.RolledBack);

    public async Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        await TraceAsync("find");
        return new BranchReport(OutcomeOf(branch) ?? BranchOutcome.Unknown);
    }

    public async Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken)
    {
        await TraceAsync("list");
        lock (_sync)
        {
            var prepared = _branches.Where(pair => pair.Value == BranchOutcome.Prepared)
                .Select(pair => new PreparedBranch(pair.Key.Gid, pair.Key, null)).ToList();
            return new PreparedScan(prepared, ServerStart);
        }
    }

    public async Task<string> GetServerStartAsync(CancellationToken cancellationToken)
    {
        await HookAsync("server-start");
        return ServerStart;
    }

    public async Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken)
    {
        await TraceAsync("remember");
        lock (_sync)
            Marks.Add(mark);
    }

    public Task TrimAsync(TimeSpan olderThan, CancellationToken cancellationToken) => TraceAsync("trim");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Task TraceAsync(string operation)
    {
        lock (_sync)
            _trace.Add(operation);
        return HookAsync(operation);
    }

    public async Task<BranchReport> FinishAsync(string operation, BranchId branch, BranchOutcome outcome)
    {
        await TraceAsync(operation);
        lock (_sync)
        {
            if (_branches.GetValueOrDefault(branch) is (BranchOutcome.Committed or BranchOutcome.RolledBack) and var ended)
                return new BranchReport(ended);
            if (outcome == BranchOutcome.Committed && !_branches.ContainsKey(branch))
                return new BranchReport(BranchOutcome.Unknown);
            _branches[branch] = outcome;
            return new BranchReport(outcome);
        }
    }

    private Task HookAsync(string operation)
    {
        Func<Task>? hook;
        lock (_sync)
            hook = _hooks.GetValueOrDefault(operation);
        return hook?.Invoke() ?? Task.CompletedTask;
    }
}

/// <summary>What a driver throws when no answer came.</summary>
internal sealed class FakeDbException(string message) : DbException(message);

internal sealed class FakeSession(FakeResourceManager resources, BranchId id) : IBranchSession
{
    public BranchId Id => id;

    public DbConnection Connection => throw new NotSupportedException("The fake has no connection.");

    public DbConnection DriverConnection => throw new NotSupportedException("The fake has no connection.");

    public string? PoisonReason { get; private set; }

    public void Poison(string reason) => PoisonReason ??= reason;

    public Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Defer(DbCommand command, int? expectedRows) => throw new NotSupportedException("The fake has no connection.");

    public async Task<Vote> PrepareAsync(CancellationToken cancellationToken)
    {
        await resources.TraceAsync("session-prepare").WaitAsync(cancellationToken);
        var vote = PoisonReason is { } reason ? new Vote.No(reason) : resources.Vote;
        resources.Set(id, vote switch
        {
            Vote.Prepared => BranchOutcome.Prepared,
            Vote.ReadOnly => BranchOutcome.Committed,
            _ => BranchOutcome.RolledBack,
        });
        return vote;
    }

    public Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken) =>
        resources.FinishAsync("session-commit-one-phase", id, BranchOutcome.Committed);

    public Task<BranchReport> CommitAsync(CancellationToken cancellationToken) =>
        resources.FinishAsync("session-commit", id, BranchOutcome.Committed);

    public Task<BranchReport> RollbackAsync(CancellationToken cancellationToken) =>
        resources.FinishAsync("session-rollback", id, BranchOutcome.RolledBack);

    public async ValueTask DisposeAsync()
    {
        await resources.TraceAsync("session-end");
        if (resources.OutcomeOf(id) == BranchOutcome.Active)
            resources.Set(id, BranchOutcome.RolledBack);
    }
}
