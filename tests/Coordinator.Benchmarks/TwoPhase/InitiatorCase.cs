using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Initiation;
using Coordinator.Participant;

namespace Coordinator.Benchmarks.TwoPhase;

/// <summary>
/// The application prepares its branches itself and hands the votes to its coordinator: in the same process, or in one of
/// its own, by one message of a stream.
/// </summary>
/// <param name="name">The case's.</param>
/// <param name="application">Who runs the transactions; disposed with this.</param>
/// <param name="defers">True: the statement goes along with prepare. False: it is a round trip of its own.</param>
internal sealed class InitiatorCase(string name, IApplication application, bool defers = true) : ICase
{
    public const string Embedded = "embedded", EmbeddedWitnessOff = "embedded-witness-off", EmbeddedUndeferred = "embedded-undeferred";

    public const string ServiceSdk = "service-sdk", ServiceSdkWitnessOff = "service-sdk-witness-off", ServiceSdkUndeferred = "service-sdk-undeferred";

    public string Name => name;

    public (OrderDatabase First, OrderDatabase Second) Databases => application.Databases;

    public IReadOnlyList<MeasuredProcess> Processes => application.Processes;

    public Func<Task<LogCounts>> ReadLog => application.ReadLogAsync;

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(application, defers));

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private sealed class Worker(IApplication application, bool defers) : IWorker
    {
        public async Task TransactAsync(int product)
        {
            await using var transaction = await application.BeginAsync();
            await Task.WhenAll(
                WorkAsync(transaction, application.First, application.Databases.First, product),
                WorkAsync(transaction, application.Second, application.Databases.Second, product));
            if ((await transaction.CommitAsync()).DeliveryPending)
                throw new InvalidOperationException($"Transaction {transaction.Id} is not delivered.");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private async Task WorkAsync(
            InitiatedTransaction transaction, ICoordinatorParticipant participant, OrderDatabase database, int product)
        {
            await using var work = await transaction.EnlistAsync(participant, CancellationToken.None);
            if (defers)
                await BranchWorks.DeferAsync(work, database, product);
            else
                await BranchWorks.RunAsync(Work.Write, work.Connection, database, product);
        }
    }
}
