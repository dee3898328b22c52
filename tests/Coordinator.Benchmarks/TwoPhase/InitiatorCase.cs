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
internal sealed class InitiatorCase(string name, IApplication application) : ICase
{
    public const string Embedded = "embedded", EmbeddedWitnessOff = "embedded-witness-off";

    public const string ServiceSdk = "service-sdk", ServiceSdkWitnessOff = "service-sdk-witness-off";

    public string Name => name;

    public (OrderDatabase First, OrderDatabase Second) Databases => application.Databases;

    public IReadOnlyList<MeasuredProcess> Processes => application.Processes;

    public Func<Task<LogCounts>> ReadLog => application.ReadLogAsync;

    public Task<IWorker> OpenWorkerAsync() => Task.FromResult<IWorker>(new Worker(application));

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private sealed class Worker(IApplication application) : IWorker
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

        private static async Task WorkAsync(
            InitiatedTransaction transaction, ICoordinatorParticipant participant, OrderDatabase database, int product)
        {
            await using var work = await transaction.EnlistAsync(participant, CancellationToken.None);
            await BranchWorks.RunAsync(Work.Write, work.Connection, database, product);
        }
    }
}
