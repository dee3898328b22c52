namespace Coordinator.Benchmarks.Scale;

/// <summary>A participant without a database: it votes yes and commits at once, and has nothing prepared.</summary>
internal sealed class ImmediateParticipant(string name) : IParticipant
{
    private static readonly Task<Vote> Yes = Task.FromResult<Vote>(new Vote.Prepared(null));
    private static readonly Task<BranchReport> Committed = Task.FromResult(BranchReport.Committed);
    private static readonly Task<BranchReport> RolledBack = Task.FromResult(BranchReport.RolledBack);
    private static readonly Task<PreparedScan> Nothing = Task.FromResult(new PreparedScan([], "start"));

    public string Name => name;

    public string Instance => "benchmark0";

    public ResourceAttachment Resource { get; } =
        new(new ResourceIdentity(ResourceKind.Postgres, "benchmark", name, "row"), [], "start", "none", MaxBranches: 1_000_000);

    public Task<Vote> PrepareAsync(BranchId branch, CancellationToken cancellationToken) => Yes;

    public Task<BranchReport> CommitOnePhaseAsync(BranchId branch, CancellationToken cancellationToken) => Committed;

    public Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) => Committed;

    public Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) => RolledBack;

    public Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) => Committed;

    public Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken) => Nothing;

    public Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken) => Task.CompletedTask;
}
