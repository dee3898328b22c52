using Coordinator.Benchmarks.Measuring;
using Coordinator.Benchmarks.Output;
using Coordinator.Client;
using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Benchmarks.Scale;

/// <summary>
/// Memory of open transactions, looked at in two ways: from outside, what the coordinator's process grows by; from inside,
/// what the engine holds after a collection, with two branches enlisted in each.
/// </summary>
internal static class OpenTransactions
{
    public const string Count = "transactions", ResidentMb = "resident_mb", HeapMb = "heap_mb", BytesEach = "bytes_each";

    private const double Mb = 1024 * 1024;
    private const int AtOnce = 64;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(string folder, int count, ProgressBar progress)
    {
        progress.Plan(2);
        progress.Next("open transactions, a coordinator's process");
        var rows = await InAProcessAsync(Path.Combine(folder, "process"), count);
        progress.Next("open transactions, the engine");
        return [.. rows, await InTheEngineAsync(Path.Combine(folder, "engine"), count)];
    }

    private static async Task<IReadOnlyList<Row>> InAProcessAsync(string folder, int count)
    {
        await using var deployment = new Deployment(folder, coordinatorOptions: []);
        await deployment.StartAsync(Deployment.CoordinatorName);
        var process = deployment.Process(Deployment.CoordinatorName).Id;
        using var client = CoordinatorClient.Connect(deployment.Coordinator);
        // One transaction first: what every process needs is not the open ones' doing.
        await using (await client.BeginAsync())
        {
        }

        var idle = ProcessMemory.ReadResident(process);
        await BeginAsync(client, count);
        var full = ProcessMemory.ReadResident(process);
        return
        [
            new Row("process-idle", 0) { Figures = new Dictionary<string, double> { [Count] = 0, [ResidentMb] = idle / Mb } },
            new Row("process-open", AtOnce)
            {
                Figures = new Dictionary<string, double>
                {
                    [Count] = count, [ResidentMb] = full / Mb, [BytesEach] = (double)(full - idle) / count,
                },
            },
        ];
    }

    private static async Task<Row> InTheEngineAsync(string folder, int count)
    {
        await using var engine = new TransactionCoordinator(
            new SqliteTransactionLog(new SqliteLogOptions { Path = Path.Combine(folder, "coordinator.db") }),
            new EngineOptions { MaxOpenTransactions = count + 1 }, TimeProvider.System, new RandomIdSource(), NullLogger<TransactionCoordinator>.Instance);
        await engine.StartAsync();
        ImmediateParticipant[] participants = [new("first"), new("second")];
        foreach (var participant in participants)
            await engine.AttachAsync(participant);
        var before = ProcessMemory.ReadLive();
        for (var i = 0; i < count; i++)
        {
            var id = (await engine.BeginAsync(TimeSpan.FromMinutes(10), name: "", idempotencyKey: null)).Transaction.Id;
            foreach (var participant in participants)
                engine.Enlist(new BranchId(id, new BranchName(participant.Name, participant.Instance)));
        }

        var held = ProcessMemory.ReadLive() - before;
        return new Row("engine-open", 1)
        {
            Figures = new Dictionary<string, double> { [Count] = count, [HeapMb] = held / Mb, [BytesEach] = (double)held / count },
        };
    }

    private static Task BeginAsync(CoordinatorClient client, int count)
    {
        var left = count;
        return Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await client.BeginAsync(new BeginOptions { Timeout = TimeSpan.FromMinutes(10) });
        }));
    }
}
