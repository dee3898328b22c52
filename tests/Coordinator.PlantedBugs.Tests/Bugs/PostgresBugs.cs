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
            Old = "if (xid[0][0][0] is not null || xid[0][0][1] != _startedAt)",
            New = "if (xid[0][0][1] != _startedAt)",
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
            Old = "if (proof?[0] != ((uint)xid).ToString(CultureInfo.InvariantCulture))",
            New = "if (proof is null)",
            CaughtBy = [Postgres("PrepareTraps.GidTaken")],
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
