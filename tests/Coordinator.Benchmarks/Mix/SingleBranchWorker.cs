using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.TwoPhase;
using Coordinator.Participant;

namespace Coordinator.Benchmarks.Mix;

/// <summary>A global transaction that turns out to have one branch: its database decides, in one phase.</summary>
internal sealed class SingleBranchWorker(IApplication application, ICoordinatorParticipant participant, OrderDatabase database, Work work) : IWorker
{
    public async Task TransactAsync(int product)
    {
        await using var transaction = await application.BeginAsync();
        await using (var branch = await transaction.EnlistAsync(participant, CancellationToken.None))
            await BranchWorks.RunAsync(work, branch.Connection, database, product);
        await transaction.CommitAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>The same, where the coordinator begins the transaction and has the branch commit: two calls and a command.</summary>
internal sealed class SolicitedSingleWorker(SdkApplication application, ICoordinatorParticipant participant, OrderDatabase database, Work work) : IWorker
{
    public async Task TransactAsync(int product)
    {
        await using var transaction = await application.Client.BeginAsync();
        await using (var branch = await participant.EnlistAsync(transaction.Id, CancellationToken.None))
        {
            await BranchWorks.RunAsync(work, branch.Connection, database, product);
            transaction.AddBranch(branch.Branch);
        }

        await transaction.CommitAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
