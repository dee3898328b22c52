namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of PostgreSQL's resource manager, caught on a real server.</summary>
public sealed class PostgresBugs : IBugList
{
    private const string Folder = "src/Coordinator.ResourceManagers/Postgres/";

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("postgres-unknown-branch-taken-for-committed")
        {
            What = "COMMIT PREPARED of a branch that the server does not know (42704) counts as done.",
            Like = "Seata #6480, SeaTunnel #11569",
            File = Folder + "ResourceManager.cs",
            Old = """
                        if (verdict.Answer == Answer.Done)
                            return BranchReport.Committed;
                """,
            New = """
                        if (verdict.Answer == Answer.Done || verdict.IsUnknownBranch)
                            return BranchReport.Committed;
                """,
            CaughtBy = [Postgres("PostgresConformanceTests.FinishedByHand")],
        },
        new("postgres-rollback-tag-ignored")
        {
            What = "PREPARE TRANSACTION in a failed transaction 'succeeds' with the tag ROLLBACK, and the branch votes yes.",
            Like = "Npgsql #1208",
            File = Folder + "BranchSession.cs",
            Old = """
                            _state = State.Over;
                            return new Vote.No("PREPARE left nothing of ours prepared: the branch's transaction had failed or was over.");
                """,
            New = """
                            _state = State.Prepared;
                            return new Vote.Prepared(Evidence: null);
                """,
            CaughtBy = [Postgres("PrepareTraps.FailedTransaction", "PrepareTraps.TransactionEnded")],
        },
        new("postgres-gid-matched-by-prefix")
        {
            What = "A branch counts as prepared if some gid begins with its own.",
            Like = "Citus #2095",
            File = Folder + "OutcomeProof.cs",
            Old = "WHERE gid = '{branch.Gid}'",
            New = "WHERE gid LIKE '{branch.Gid}%'",
            CaughtBy = [Postgres("FinishTraps.Scan_")],
        },
        new("postgres-late-prepare")
        {
            What = "A rollback that finds nothing is believed while the branch's session is still on its way into PREPARE.",
            Like = "databases.md: late prepare",
            File = Folder + "ResourceManager.cs",
            Old = "            await EndSessionAsync(connection, branch, cancellationToken);\n",
            New = "",
            CaughtBy = [Postgres("PostgresConformanceTests.Rollback_Of")],
        },
        new("postgres-read-only-vote-after-a-write")
        {
            What = "A transaction that wrote votes read-only, and is committed at once, whatever the others vote.",
            Like = "databases.md: pg_current_xact_id_if_assigned",
            File = Folder + "BranchSession.cs",
            Old = "if (xid[0][0][0] is not null || xid[0][0][1] != _start.StartedAt || ",
            New = "if (xid[0][0][1] != _start.StartedAt || ",
            CaughtBy = [Postgres("PrepareTraps.ReadOnly_")],
        },
        new("postgres-xid-of-a-restored-server-believed")
        {
            What = "pg_xact_status is believed of a server that was restored to before the prepare: the xid is another transaction's.",
            Like = "databases.md",
            File = Folder + "OutcomeProof.cs",
            Old = "return Lsn.Parse(server[2]!) >= evidence.Lsn ? null :",
            New = "return server[2] is not null ? null :",
            CaughtBy = [Postgres("FinishTraps.Evidence_")],
        },
        new("postgres-gid-without-our-xid")
        {
            What = "The gid read back is proof enough for a yes, though another process prepared it.",
            Like = "databases.md: the gid and our own xid",
            File = Folder + "BranchSession.cs",
            Old = "var isOwn = proof?[0] == xid;",
            New = "var isOwn = proof is not null;",
            CaughtBy = [Postgres("PrepareTraps.GidTaken")],
        },
        new("postgres-deferred-rows-not-looked-at")
        {
            What = "A deferred statement that changed another number of rows than its caller expects is prepared all the same.",
            Like = "a guarded update, WHERE balance >= amount, that finds no row",
            File = Folder + "BranchSession.cs",
            Old = "return FindUnexpected() is { } unexpected ? await RefuseAsync(unexpected) : new Vote.Prepared(_evidence);",
            New = "return new Vote.Prepared(_evidence);",
            CaughtBy = [Postgres("PostgresConformanceTests.Deferred_OtherNumber")],
        },
        new("postgres-deferred-outside-the-transaction")
        {
            What = "A deferred statement is sent without looking whether the branch's transaction is still there: else it commits by itself.",
            Like = "packages.md: UPDATE; PREPARE TRANSACTION without BEGIN",
            File = Folder + "BranchSession.cs",
            Old = "else if (deferred.Count > 0)\n            batch.BatchCommands.Add(SessionStatements.Expect(_start.StartedAt));",
            New = "",
            CaughtBy = [Postgres("PostgresConformanceTests.Deferred_TransactionEnded")],
        },
        new("postgres-first-statement-run-though-the-lock-is-taken")
        {
            What = "The branch's lock is asked for and its answer not looked at, so one branch is at work in two sessions.",
            Like = "databases.md: the gid and our own xid",
            File = Folder + "SessionStatements.cs",
            Old = "1 / pg_try_advisory_xact_lock($1)::int",
            New = "pg_try_advisory_xact_lock($1)::int",
            CaughtBy = [Postgres("PostgresConformanceTests.FirstStatement_OfABranch")],
        },
        new("postgres-listed-number-above-the-last-ended")
        {
            What = "A prepared transaction younger than the last that is over is taken for one of four billion transactions ago.",
            Like = "pg_snapshot_xmax: one more than the last completed",
            File = Folder + "PreparedScanReader.cs",
            Old = "unchecked(near + (ulong)(int)(listed - (uint)near))",
            New = "unchecked(((near & ~(ulong)uint.MaxValue) | listed) - (listed > (uint)near ? 1UL << 32 : 0))",
            CaughtBy = [Postgres("PostgresConformanceTests.Scan_BranchFinished")],
        },
        new("postgres-unproven-prepare-left-behind")
        {
            What = "A branch whose prepare could not be proven votes no and is left prepared, its locks held until the next scan.",
            Like = "RESET ALL in a function",
            File = Folder + "BranchSession.cs",
            Old = "_state = State.Prepared;\n            return await RefuseAsync(\"The prepare",
            New = "_state = State.Over;\n            return new Vote.No(\"The prepare",
            CaughtBy = [Postgres("PrepareTraps.SettingsReset")],
        },
        new("postgres-standby-believed")
        {
            What = "A scan on a standby, where nothing prepared can be seen, counts as an empty one.",
            Like = "R6",
            File = Folder + "PreparedScanReader.cs",
            Old = "if (results[0][0][0] != \"false\")",
            New = "if (results[0][0][0] is null)",
            CaughtBy = [Postgres("StandbyTraps")],
        },
    ];

    private static Suite Postgres(params IReadOnlyList<string> tests) => new("Coordinator.ResourceManagers.Tests", tests);
}
