using Coordinator.Benchmarks.Applications;
using Coordinator.Benchmarks.Databases;
using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.TwoPhase;

namespace Coordinator.Benchmarks.Mix;

/// <summary>One kind of transaction on one database.</summary>
/// <param name="Name">As in the first column.</param>
/// <param name="Standard">The case whose cost, with a call's, it may have; null for those that are the measure.</param>
/// <param name="Database">Where; null for a call.</param>
/// <param name="Work">Reads or writes.</param>
/// <param name="Processes">Whose processor time it costs, besides the servers'.</param>
/// <param name="Open">Makes one worker.</param>
internal sealed record MixCase(
    string Name, string? Standard, OrderDatabase? Database, Work Work, IReadOnlyList<MeasuredProcess> Processes, Func<Task<IWorker>> Open)
{
    /// <summary>All of them: on the databases of two applications, one with witness rows and one without.</summary>
    public static IReadOnlyList<MixCase> All(SdkApplication application, SdkApplication witnessOff, Func<Task> call, IReadOnlyList<MeasuredProcess> callProcesses)
    {
        const string LocalRead = "local-read-postgres", LocalPostgres = "local-postgres", LocalMariaDb = "local-mariadb", LocalWitness = "local-mariadb-witness";
        var (postgres, mariaDb) = application.Databases;
        var bare = witnessOff.Databases.Second;
        return
        [
            new(MixCommand.Call, null, null, Work.Read, callProcesses, () => Task.FromResult<IWorker>(new CallWorker(call))),
            Local(LocalRead, postgres, Work.Read, witness: false),
            new("sdk-read-postgres", LocalRead, postgres, Work.Read, application.Processes,
                () => Task.FromResult<IWorker>(new SingleBranchWorker(application, application.First, postgres, Work.Read))),
            Local(LocalPostgres, postgres, Work.Write, witness: false),
            new("sdk-postgres", LocalPostgres, postgres, Work.Write, application.Processes,
                () => Task.FromResult<IWorker>(new SingleBranchWorker(application, application.First, postgres, Work.Write))),
            new("sdk-solicited-postgres", LocalPostgres, postgres, Work.Write, application.Processes,
                () => Task.FromResult<IWorker>(new SolicitedSingleWorker(application, application.First, postgres, Work.Write))),
            Local(LocalMariaDb, mariaDb, Work.Write, witness: false),
            new("sdk-mariadb-witness-off", LocalMariaDb, bare, Work.Write, witnessOff.Processes,
                () => Task.FromResult<IWorker>(new SingleBranchWorker(witnessOff, witnessOff.Second, bare, Work.Write))),
            Local(LocalWitness, mariaDb, Work.Write, witness: true),
            new("sdk-mariadb", LocalWitness, mariaDb, Work.Write, application.Processes,
                () => Task.FromResult<IWorker>(new SingleBranchWorker(application, application.Second, mariaDb, Work.Write))),
        ];
    }

    private static MixCase Local(string name, OrderDatabase database, Work work, bool witness) => new(
        name, null, database, work, [MeasuredProcess.Own], async () => await LocalWorker.OpenAsync(database, work, witness));

    private sealed class CallWorker(Func<Task> call) : IWorker
    {
        public Task TransactAsync(int product) => call();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
