using Coordinator.Engine;

namespace Coordinator.Log.CrashWriter;

/// <summary>
/// Writes the same log twice, with every kind of record, a trimmed horizon and a declared restore, for the tests of later
/// versions of SQLite: <c>closed</c> is closed in order, <c>killed</c> as a kill -9 leaves it, with its newest records in a
/// write-ahead file that has gone round. Beside each lies what this version reads in it.
/// </summary>
internal static class GoldenLog
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    public static async Task WriteAsync(string folder)
    {
        await WriteAsync(Path.Combine(folder, "closed"), static _ => Task.CompletedTask);
        // A copy of the files while the log has them open is what a killed process leaves.
        var killed = Path.Combine(folder, "killed");
        await WriteAsync(Path.Combine(folder, "open"), open => CopyAsync(open, killed));
        Directory.Delete(Path.Combine(folder, "open"), recursive: true);
        await ListAsync(Path.Combine(folder, "closed"));
        await ListAsync(killed);
    }

    private static async Task WriteAsync(string folder, Func<string, Task> whileOpen)
    {
        var options = new SqliteLogOptions { Path = Path.Combine(folder, "coordinator.db"), CheckpointPages = 16, LazyDelay = TimeSpan.FromHours(1) };
        var ids = new CountedIds();
        await using (var log = new SqliteTransactionLog(options))
            await WriteFirstEpochAsync(log, await log.OpenAsync(ids));
        await LogInspector.DeclareRestoredAsync(folder, "from the nightly backup");
        await using (var log = new SqliteTransactionLog(options))
        {
            await WriteLastEpochAsync(log, await log.OpenAsync(ids));
            await whileOpen(folder);
        }

        File.Delete(Path.Combine(folder, "coordinator.db.lock"));
    }

    private static async Task WriteFirstEpochAsync(SqliteTransactionLog log, OpenedLog opened)
    {
        foreach (var name in new[] { "inventory", "billing", "archive" })
            await log.AppendAsync(new ParticipantRecord(name, new ResourceIdentity(ResourceKind.Postgres, "7300000000000000001", name, "9c1d2e3f4a5b6c7d"), Noon), Durability.Forced);
        await log.AppendAsync(new ParticipantRemovedRecord("archive", "decommissioned", Noon), Durability.Forced);
        for (var sequence = 1; sequence <= 12; sequence++)
            await CommitAsync(log, Id(opened, sequence), key: $"order-{sequence}", isEnded: sequence != 3);
        await log.TrimAsync(Noon.AddDays(1));
    }

    private static async Task WriteLastEpochAsync(SqliteTransactionLog log, OpenedLog opened)
    {
        await log.DecideAsync(new DecisionRecord(Id(opened, 1), Decision.Abort, "order", IdempotencyKey: null, [], "billing: account blocked ✗", Noon));
        await log.AppendAsync(new HeuristicRecord(new BranchId(Id(opened, 2), Branch("billing")), Decision.Commit, BranchOutcome.RolledBack, "rolled back by hand", Noon), Durability.Forced);
        await log.AppendAsync(new HeuristicRecord(new BranchId(Id(opened, 3), Branch("billing")), Decision.Commit, BranchOutcome.RolledBack, "rolled back by hand", Noon), Durability.Forced);
        await log.AppendAsync(new ForgottenRecord(Id(opened, 3), "money was moved by hand", Noon), Durability.Forced);
        await log.AppendAsync(new ResolvedRecord(Id(opened, 4), Branch("billing"), Decision.Commit, "by hand", Noon), Durability.Forced);
        await log.AppendAsync(new ResolvedRecord(Id(opened, 5), Branch: null, Decision.Abort, "by hand", Noon), Durability.Forced);
        for (var sequence = 6; sequence <= 12; sequence++)
            await CommitAsync(log, Id(opened, sequence), key: $"again-{sequence}", isEnded: sequence != 12);
    }

    private static async Task CommitAsync(SqliteTransactionLog log, TransactionId id, string key, bool isEnded)
    {
        await log.DecideAsync(new DecisionRecord(
            id, Decision.Commit, "order", key, [new DecidedBranch(Branch("inventory"), "1234/56"), new DecidedBranch(Branch("billing"), Evidence: null)], Reason: null, Noon));
        if (isEnded)
            await log.AppendAsync(new EndRecord(id, Noon), Durability.Lazy);
    }

    private static async Task CopyAsync(string open, string killed)
    {
        Directory.CreateDirectory(killed);
        foreach (var name in new[] { "coordinator.db", "coordinator.db-wal", "coordinator.db.mark" })
        {
            // By another process: closing a descriptor drops the POSIX locks that SQLite holds on the file.
            using var copy = System.Diagnostics.Process.Start("cp", [Path.Combine(open, name), Path.Combine(killed, name)]);
            await copy.WaitForExitAsync();
            if (copy.ExitCode != 0)
                throw new IOException($"{name} could not be copied.");
        }
    }

    private static async Task ListAsync(string folder)
    {
        var lines = new List<string>();
        await LogInspector.DumpAsync(folder, (position, record) => lines.Add($"{position} {RecordText.Of(record)}"));
        await File.WriteAllTextAsync(Path.Combine(folder, "records.txt"), string.Join('\n', lines) + '\n');
    }

    private static TransactionId Id(OpenedLog opened, long sequence) =>
        TransactionId.Create(opened.Cluster, opened.Epoch, sequence, random: (ulong)sequence);

    private static BranchName Branch(string participant) => new(participant, "4f7c01ab");

    private sealed class CountedIds : IIdSource
    {
        private ulong _last = 0x1234_5678_9ABC_DEF0;

        public ulong NextRandom() => ++_last;
    }
}
