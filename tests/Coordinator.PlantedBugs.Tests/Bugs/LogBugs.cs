namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of the log's store.</summary>
public sealed class LogBugs : IBugList
{
    private const string Store = "src/Coordinator.Log/Sqlite/LogStore.cs";
    private const string Reader = "src/Coordinator.Log/Sqlite/LogReader.cs";

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("decision-not-forced")
        {
            What = "A decision is queued like any other record: it is told before it is durable, or never.",
            Like = "dble #1192",
            File = "src/Coordinator.Log/Sqlite/SqliteTransactionLog.cs",
            Old = """
                        var write = new PendingWrite(decision, Durability.Forced);
                        await Writer.EnqueueAsync(write).ConfigureAwait(false);
                        return (await write.Done.ConfigureAwait(false))!;
                """,
            New = """
                        var write = new PendingWrite(decision, Durability.Lazy);
                        await Writer.EnqueueAsync(write).ConfigureAwait(false);
                        return decision;
                """,
            CaughtBy = [Logs("SqliteConformanceTests.R1_", "SqliteConformanceTests.R2_")],
        },
        new("second-decision-is-told-as-its-own")
        {
            What = "Who writes a second decision under an id is told that it stands: two coordinators decide differently.",
            Like = "R2",
            File = Store,
            Old = """
                                write.Standing = FindDecision(decision!.Transaction)
                                    ?? throw new LogRefusedException($"Record {end + 1} of the log {_paths.Log} is there already.");
                                continue;
                """,
            New = """
                                continue;
                """,
            CaughtBy = [Logs("SqliteConformanceTests.R2_", "SqliteTransactionLogTests.R2_")],
        },
        new("second-decision-overwrites-the-first")
        {
            What = "The last writer of a decision wins.",
            Like = "R2",
            File = "src/Coordinator.Log/Sqlite/LogDatabase.cs",
            Old = "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING\"",
            New = "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (txid) WHERE txid IS NOT NULL DO UPDATE SET body = excluded.body\"",
            CaughtBy = [Logs("SqliteConformanceTests.R2_")],
        },
        new("write-tried-again-after-a-failed-fsync")
        {
            What = "A write that failed is tried once more on the same file: after a failed fsync the page cache lies.",
            Like = "WiredTiger WT-4045",
            File = "src/Coordinator.Log/Sqlite/LogWriter.cs",
            Old = "            _store.Write(_batch);\n",
            New = "            try { _store.Write(_batch); } catch (System.IO.IOException) { _store.Write(_batch); }\n",
            CaughtBy = [Logs("SqliteConformanceTests.R4_", "SqliteTransactionLogTests.R4_")],
        },
        new("reopened-without-a-rewrite")
        {
            What = "After a failed write the log goes on with the file whose fsync failed, as if reading it back proved anything.",
            Like = "R4",
            File = Store,
            Old = "            LogReplacement.Replace(_paths, LogReader.Entries(old, anchor).Select(entry => entry.Row), anchor, _options.Faults);\n",
            New = "            _ = anchor;\n",
            CaughtBy = [Logs("SqliteConformanceTests.R4_", "SqliteTransactionLogTests.R4_")],
        },
        new("chain-not-checked")
        {
            What = "A record that was changed on disk, or put in from elsewhere, is believed if only it decodes.",
            Like = "faults.md: one flipped bit lost 101 of 200 commits unseen",
            File = Reader,
            Old = "if (before.Next(row.Position, row.Body) != row.Chain)",
            New = "if (row.Chain == before)",
            CaughtBy = [Logs("LogDamageTests.Open_ChangedThroughSql")],
        },
        new("high-water-mark-ignored")
        {
            What = "A log that lost its end, acknowledged records with it, opens as if it were whole.",
            Like = "faults.md: SQLite drops the end of a damaged write-ahead file without a word",
            File = Store,
            Old = "var verified = LogReader.Verify(_database, mark);",
            New = "var verified = LogReader.Verify(_database, mark: null);",
            CaughtBy = [Logs("LogDamageTests.Open_AfterALostEnd")],
        },
        new("mark-not-moved")
        {
            What = "The high-water mark is not moved with each batch: acknowledged records can vanish unseen.",
            Like = "faults.md",
            File = Store,
            Old = "        _mark!.Write(new Mark(end, chain, _epoch!.Epoch.Number));\n        (End, _chain) = (end, chain);",
            New = "        if (_mark!.Current!.Position == 0) _mark.Write(new Mark(end, chain, _epoch!.Epoch.Number));\n        (End, _chain) = (end, chain);",
            CaughtBy = [Logs("LogDamageTests.Open_AfterALostEnd")],
        },
        new("horizon-written-after-trimming")
        {
            What = "Decisions are removed before the horizon is durable: after a crash their branches are presumed aborted.",
            Like = "R5",
            File = Store,
            Old = """
                        Write([new PendingWrite(new HorizonRecord(plan.Horizon!, _time.GetUtcNow()), Durability.Forced)]);
                        _horizon = plan.Horizon;
                        ForceMark();
                        _options.Faults?.At(LogStep.TrimHorizonDurable);
                        Remove(plan, rows);
                """,
            New = """
                        Remove(plan, rows);
                        _options.Faults?.At(LogStep.TrimHorizonDurable);
                        Write([new PendingWrite(new HorizonRecord(plan.Horizon!, _time.GetUtcNow()), Durability.Forced)]);
                        _horizon = plan.Horizon;
                        ForceMark();
                """,
            CaughtBy = [Logs("SqliteTransactionLogTests.R5_", "SqliteConformanceTests.R5_")],
        },
        new("undelivered-decision-trimmed")
        {
            What = "Trimming removes decisions that are old, delivered or not.",
            Like = "R5",
            File = "src/Coordinator.Log/TrimPlan.cs",
            Old = "DecisionRecord decision => transactionsThatStay.Contains(decision.Transaction),",
            New = "DecisionRecord => false,",
            CaughtBy = [Logs("SqliteConformanceTests.R5_")],
        },
        new("epoch-number-used-twice")
        {
            What = "A start takes the epoch number of the one before: ids repeat, and nobody is fenced.",
            Like = "R3; databases.md: never reuse an xid",
            File = "src/Coordinator.Log/LogFold.cs",
            Old = "new Epoch(HighestEpoch + 1, (uint)random.NextRandom())",
            New = "new Epoch(Math.Max(1, HighestEpoch), (uint)random.NextRandom())",
            CaughtBy = [new Simulator()],
        },
        new("log-open-to-other-programs")
        {
            What = "Another program can write to the log's file while a coordinator has it open.",
            Like = "faults.md: two coordinators, one log",
            File = "src/Coordinator.Log/Sqlite/LogDatabase.cs",
            Old = "LogConnection.Execute(connection, \"PRAGMA locking_mode = EXCLUSIVE\");\n            LogFormat.CheckHeader",
            New = "LogFormat.CheckHeader",
            CaughtBy = [Logs("LogProcessTests.Write_") with { StartsProcesses = true }],
        },
    ];

    private static Suite Logs(params IReadOnlyList<string> tests) => new("Coordinator.Log.Tests", tests);
}
