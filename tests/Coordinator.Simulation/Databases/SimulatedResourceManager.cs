using Coordinator.Simulation.Scheduling;

namespace Coordinator.Simulation.Databases;

/// <summary>
/// A resource manager over a <see cref="SimulatedServer"/>: the contract, each command in steps that a crash may cut, with
/// requests and answers that get lost. What it may conclude from what is what the three databases allow.
/// </summary>
internal sealed class SimulatedResourceManager(
    SimulatedServer server, SimulatedProcess process, World world, SeededRandom random) : IResourceManager
{
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(3);
    private readonly Dictionary<BranchId, SimulatedBranchSession> _sessions = [];

    public ResourceKind Kind => server.Kind;

    public SimulatedServer Server => server;

    public SimulatedProcess Process => process;

    public SeededRandom Random => random;

    public Faults Faults => world.Faults;

    public Task<ResourceAttachment> AttachAsync(CancellationToken cancellationToken) => CallAsync(
        () => new ResourceAttachment(server.Identity, server.Marks, server.Start, "simulated", MaxBranches: 100));

    public async Task<IBranchSession> BeginAsync(BranchId branch, BranchOptions options, CancellationToken cancellationToken)
    {
        ServerSession? session = null;
        try
        {
            await CallAsync(() =>
            {
                session = server.OpenSession();
                // The server notices that its client is gone when it notices.
                process.Killed += () => Close(session);
                if (process.IsDead)
                    Close(session);
                server.Begin(session, branch);
                return true;
            });
        }
        catch
        {
            // The connection is closed, whatever began on it.
            if (session is not null)
                Close(session);
            throw;
        }

        return _sessions[branch] = new SimulatedBranchSession(this, branch, session!, options.MayVoteReadOnly);
    }

    /// <summary>Closes a connection; the server notices a moment later, and what is on its way may come first.</summary>
    public void Close(ServerSession session) =>
        world.Scheduler.After(random.Between(TimeSpan.Zero, TimeSpan.FromSeconds(1)), () => server.EndSession(session));

    /// <summary>The open session of a branch, for those who work in it.</summary>
    public SimulatedBranchSession? Session(BranchId branch) => _sessions.GetValueOrDefault(branch);

    public void Forget(BranchId branch) => _sessions.Remove(branch);

    public async Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        if (server.Kind == ResourceKind.MariaDb)
            await EndSessionAsync(branch);
        var done = await CallAsync(() => server.CommitPrepared(branch, mayHide: true));
        // MariaDB's OK is not believed from a session that did not prepare.
        return done && server.Kind != ResourceKind.MariaDb ? BranchReport.Committed : await FindOutcomeAsync(branch, evidence, cancellationToken);
    }

    public async Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken)
    {
        // Its session is ended first, so that no late prepare can follow.
        await EndSessionAsync(branch);
        var done = await CallAsync(() => server.RollbackPrepared(branch, isFenced: server.Kind != ResourceKind.Postgres));
        if (server.Kind == ResourceKind.Postgres)
        {
            if (done)
                return BranchReport.RolledBack;
            var report = await FindOutcomeAsync(branch, evidence, cancellationToken);
            return report.Outcome == BranchOutcome.Unknown && evidence is null
                ? new BranchReport(BranchOutcome.RolledBack, "not prepared, and no session that could prepare it")
                : report;
        }

        return await CallAsync(() =>
        {
            var found = server.Find(branch);
            if (found is null or { State: BranchState.RolledBack })
                server.Fence(branch);
            return Witnessed(found);
        });
    }

    public Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) => CallAsync(() =>
    {
        var found = server.Find(branch);
        return server.Kind == ResourceKind.Postgres ? ByStatus(found, evidence) : Witnessed(found);
    });

    public Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken) => CallAsync(() => new PreparedScan(
        [
            .. server.Branches.Where(branch => branch.State == BranchState.Prepared).Select(server.List),
            .. server.Strangers,
        ],
        server.Start));

    public Task<string> GetServerStartAsync(CancellationToken cancellationToken) => CallAsync(() => server.Start);

    public Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken) => CallAsync(() =>
    {
        server.Remember(mark);
        return true;
    });

    public Task TrimAsync(TimeSpan olderThan, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// Asks the server. The request may be lost, refused for the moment, or the answer lost; the caller then waits for its
    /// timeout. A request on its way when the process dies arrives or not.
    /// </summary>
    public Task<T> CallAsync<T>(Func<T> effect, ServerSession? session = null)
    {
        var answer = new TaskCompletionSource<T>();
        var (there, back) = (Delay(), Delay());
        if (random.Chance(world.Faults.RequestLost))
        {
            world.Scheduler.After(_timeout, () => answer.TrySetException(new TimeoutException("the database gave no answer")));
            return answer.Task;
        }

        var isAnswerLost = random.Chance(world.Faults.AnswerLost);
        var isRefused = random.Chance(world.Faults.Transient);
        var arrivesAfterDeath = world.Setup.Crashes?.IsInFlightDone ?? random.Chance(0.5);
        world.Scheduler.After(there, () =>
        {
            if (process.IsDead && !arrivesAfterDeath)
                return;
            var conclude = At(effect, session, isRefused, answer);
            world.Scheduler.After(isAnswerLost ? _timeout : back, isAnswerLost
                ? () => answer.TrySetException(new TimeoutException("the database gave no answer"))
                : conclude);
        });
        return answer.Task;
    }

    private Action At<T>(Func<T> effect, ServerSession? session, bool isRefused, TaskCompletionSource<T> answer)
    {
        if (server.IsUp)
            world.Stepping(server);
        if (!server.IsUp || session is { IsEnded: true })
            return () => answer.TrySetException(new IOException("the connection is lost"));
        if (isRefused)
            return () => answer.TrySetException(new DatabaseException("too busy"));
        try
        {
            var result = effect();
            world.Stepping(server);
            if (!server.IsUp)
                return () => answer.TrySetException(new IOException("the connection is lost"));
            return () => answer.TrySetResult(result);
        }
        catch (DatabaseException refused)
        {
            return () => answer.TrySetException(refused);
        }
    }

    private Task<bool> EndSessionAsync(BranchId branch) => CallAsync(() =>
    {
        if (server.Find(branch) is { } found)
            server.EndSession(found.Session);
        return true;
    });

    private TimeSpan Delay() => random.Between(TimeSpan.FromMicroseconds(50), world.Faults.MaxDelay);

    private static BranchReport ByStatus(ServerBranch? found, string? evidence) => found switch
    {
        { State: BranchState.Prepared } => new BranchReport(BranchOutcome.Prepared, "listed"),
        { State: BranchState.Active } => new BranchReport(BranchOutcome.Active, "a session holds its lock"),
        _ when evidence is null || found is null || evidence != "x" + found.Xid => new BranchReport(BranchOutcome.Unknown, "no evidence"),
        { State: BranchState.Committed } => new BranchReport(BranchOutcome.Committed, "by its status"),
        _ => new BranchReport(BranchOutcome.RolledBack, "by its status"),
    };

    private static BranchReport Witnessed(ServerBranch? found) => found?.State switch
    {
        BranchState.Prepared => new BranchReport(BranchOutcome.Prepared, "listed"),
        BranchState.Active => new BranchReport(BranchOutcome.Active, "its witness row is locked"),
        BranchState.Hidden => new BranchReport(BranchOutcome.Prepared, "hidden: restart the server", NeedsOperator: true),
        BranchState.Committed => new BranchReport(BranchOutcome.Committed, "the witness row is there"),
        _ => new BranchReport(BranchOutcome.RolledBack, "no witness row"),
    };
}
