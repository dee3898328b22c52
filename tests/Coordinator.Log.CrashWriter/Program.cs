// Decides for ever, on eight transactions at once, and prints each id once its decision was acknowledged.
// Its tests kill it and look for what it printed.
// With "golden FOLDER" it writes the golden logs of this version of SQLite instead.
using Coordinator;
using Coordinator.Engine;
using Coordinator.Log;
using Coordinator.Log.CrashWriter;

if (args is ["golden", var folder])
{
    await GoldenLog.WriteAsync(folder);
    return;
}

await using var log = new SqliteTransactionLog(new SqliteLogOptions { Path = args[0], CheckpointPages = 40 });
var opened = await log.OpenAsync(new RandomIdSource());
var sequence = 0L;
await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(DecideForEverAsync)));

async Task DecideForEverAsync()
{
    var random = new RandomIdSource();
    while (true)
    {
        var id = TransactionId.Create(opened.Cluster, opened.Epoch, Interlocked.Increment(ref sequence), random.NextRandom());
        await log.DecideAsync(new DecisionRecord(
            id, Decision.Commit, "crash", IdempotencyKey: null, [new DecidedBranch(new BranchName("inventory", "4f7c01ab"), Evidence: null)], Reason: null, DateTimeOffset.UnixEpoch));
        lock (Console.Out)
            Console.WriteLine(id);
        await log.AppendAsync(new EndRecord(id, DateTimeOffset.UnixEpoch), Durability.Lazy);
    }
}
