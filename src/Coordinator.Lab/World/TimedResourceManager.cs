using System.Data.Common;

namespace Coordinator.Lab.World;

/// <summary>A resource manager that tells a clock when a branch's locks are gone.</summary>
internal sealed class TimedResourceManager(IResourceManager inner, LockClock clock) : IResourceManager
{
    public ResourceKind Kind => inner.Kind;

    public Task<ResourceAttachment> AttachAsync(CancellationToken cancellationToken) => inner.AttachAsync(cancellationToken);

    public async Task<IBranchSession> BeginAsync(BranchId branch, BranchOptions options, CancellationToken cancellationToken) =>
        new Session(await inner.BeginAsync(branch, options, cancellationToken), clock);

    public async Task<BranchReport> CommitAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        Note(branch, await inner.CommitAsync(branch, evidence, cancellationToken), clock);

    public async Task<BranchReport> RollbackAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        Note(branch, await inner.RollbackAsync(branch, evidence, cancellationToken), clock);

    public Task<BranchReport> FindOutcomeAsync(BranchId branch, string? evidence, CancellationToken cancellationToken) =>
        inner.FindOutcomeAsync(branch, evidence, cancellationToken);

    public Task<PreparedScan> ListPreparedAsync(CancellationToken cancellationToken) => inner.ListPreparedAsync(cancellationToken);

    public Task<string> GetServerStartAsync(CancellationToken cancellationToken) => inner.GetServerStartAsync(cancellationToken);

    public Task RememberAsync(CoordinatorMark mark, CancellationToken cancellationToken) => inner.RememberAsync(mark, cancellationToken);

    public Task TrimAsync(TimeSpan olderThan, CancellationToken cancellationToken) => inner.TrimAsync(olderThan, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static BranchReport Note(BranchId branch, BranchReport report, LockClock clock)
    {
        if (report.Outcome is BranchOutcome.Committed or BranchOutcome.RolledBack)
            clock.Released(branch.Gid);
        return report;
    }

    private sealed class Session(IBranchSession inner, LockClock clock) : IBranchSession
    {
        public BranchId Id => inner.Id;

        public DbConnection Connection => inner.Connection;

        public DbConnection DriverConnection => inner.DriverConnection;

        public string? PoisonReason => inner.PoisonReason;

        public void Poison(string reason) => inner.Poison(reason);

        public Task ConfigureAsync(IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken) =>
            inner.ConfigureAsync(variables, cancellationToken);

        public void Defer(DbCommand command, int? expectedRows) => inner.Defer(command, expectedRows);

        public async Task<Vote> PrepareAsync(CancellationToken cancellationToken)
        {
            var vote = await inner.PrepareAsync(cancellationToken);
            if (vote is not Vote.Prepared)
                clock.Released(Id.Gid);
            return vote;
        }

        public async Task<BranchReport> CommitOnePhaseAsync(CancellationToken cancellationToken) =>
            Note(Id, await inner.CommitOnePhaseAsync(cancellationToken), clock);

        public async Task<BranchReport> CommitAsync(CancellationToken cancellationToken) =>
            Note(Id, await inner.CommitAsync(cancellationToken), clock);

        public async Task<BranchReport> RollbackAsync(CancellationToken cancellationToken) =>
            Note(Id, await inner.RollbackAsync(cancellationToken), clock);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
