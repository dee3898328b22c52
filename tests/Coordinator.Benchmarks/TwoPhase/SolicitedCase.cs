using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Participant;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>
/// The same application as <see cref="InitiatorCase.ServiceSdk"/>, whose coordinator asks for the votes: Begin and Commit
/// are calls, enlistments and commands messages of two attach streams. So do participants of several applications.
/// </summary>
internal sealed class SolicitedCase(SdkApplication application) : ICase
{
    public const string CaseName = "service-sdk-solicited";

    public string Name => CaseName;

    public (OrderDatabase First, OrderDatabase Second) Databases => application.Databases;

    public IReadOnlyList<MeasuredProcess> Processes => application.Processes;

    public Func<Task<LogCounts>> ReadLog => application.ReadLogAsync;

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(application));

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private sealed class Worker(SdkApplication application) : IWorker
    {
        public async Task TransactAsync(int product)
        {
            await using var transaction = await application.Client.BeginAsync();
            var branches = await Task.WhenAll(
                WorkAsync(application.First, transaction.Id, application.Databases.First, product),
                WorkAsync(application.Second, transaction.Id, application.Databases.Second, product));
            foreach (var branch in branches)
                transaction.AddBranch(branch);
            if ((await transaction.CommitAsync()).DeliveryPending)
                throw new InvalidOperationException($"Transaction {transaction.Id} is not delivered.");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static async Task<BranchName> WorkAsync(
            ICoordinatorParticipant participant, TransactionId id, OrderDatabase database, int product)
        {
            await using var work = await participant.EnlistAsync(id, CancellationToken.None);
            await BranchWorks.RunAsync(Work.Write, work.Connection, database, product);
            return work.Branch;
        }
    }
}
