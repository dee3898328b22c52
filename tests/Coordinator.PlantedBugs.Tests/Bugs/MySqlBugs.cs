namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of MariaDB's and MySQL's resource manager, caught on a real MariaDB.</summary>
public sealed class MySqlBugs : IBugList
{
    private const string Folder = "src/Coordinator.ResourceManagers/MySql/";

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("mysql-unknown-branch-taken-for-committed")
        {
            What = "XA COMMIT of a branch that the server does not know (1397) counts as done.",
            Like = "Seata #6480, SeaTunnel #11569",
            File = Folder + "Finisher.cs",
            Old = "if (verdict.Answer == Answer.Done && !flavor.IsMariaDb)\n            return BranchReport.Committed;",
            New = "if (verdict.IsUnknownBranch || (verdict.Answer == Answer.Done && !flavor.IsMariaDb))\n            return BranchReport.Committed;",
            CaughtBy = [MariaDb("MariaDbConformanceTests.FinishedByHand")],
        },
        new("mariadb-ok-believed-without-the-witness")
        {
            What = "MariaDB's OK to XA COMMIT on another connection is believed; the branch may be hidden, prepared and locked.",
            Like = "DTM #54",
            File = Folder + "Finisher.cs",
            Old = "if (verdict.Answer == Answer.Done && !flavor.IsMariaDb)\n            return BranchReport.Committed;",
            New = "if (verdict.Answer == Answer.Done)\n            return BranchReport.Committed;",
            CaughtBy = [MariaDb("MariaDbTraps.Witnessless_After")],
        },
        new("mysql-failed-statement-does-not-poison")
        {
            What = "A branch in which a statement failed is prepared all the same: the server sees nothing wrong.",
            Like = "databases.md",
            File = "src/Coordinator.ResourceManagers/Work/BranchGuard.cs",
            Old = "        return Reason;\n",
            New = "        return IsRunning ? Reason : null;\n",
            CaughtBy = [MariaDb("MariaDbConformanceTests.Prepare_AfterAFailedStatement")],
        },
        new("mysql-no-fence-after-rollback")
        {
            What = "After a rollback the branch's witness row is only read: a late session of the branch can still write and prepare.",
            Like = "R3",
            File = Folder + "Finisher.cs",
            Old = "var state = await Witness.FenceAsync(",
            New = "var state = await Witness.ReadAsync(",
            CaughtBy = [MariaDb("MariaDbTraps.Rollback_Fences")],
        },
        new("mysql-witness-read-without-a-lock")
        {
            What = "The witness row is read without a lock: a branch that is still prepared looks rolled back.",
            Like = "databases.md: read it with a locking read",
            File = Folder + "Witness.cs",
            Old = " LOCK IN SHARE MODE\"",
            New = "\"",
            CaughtBy = [MariaDb("MariaDbTraps.HiddenBranch")],
        },
        new("mysql-one-phase-after-prepare")
        {
            What = "XA COMMIT ONE PHASE is sent to a prepared branch: MySQL commits it without a binlog record and may not start again.",
            Like = "databases.md",
            File = Folder + "BranchSession.cs",
            Old = """
                        Expect(State.Working);
                        if (_guard.CloseToWork() is { } reason)
                            return await RollbackAsync(CancellationToken.None) with { Detail = reason };
                """,
            New = """
                        if (_guard.CloseToWork() is { } reason)
                            return await RollbackAsync(CancellationToken.None) with { Detail = reason };
                """,
            CaughtBy = [MariaDb("MariaDbTraps.OnePhase_AfterPrepare")],
        },
        new("mysql-deferred-rows-not-looked-at")
        {
            What = "A deferred statement that changed another number of rows than its caller expects is prepared all the same.",
            Like = "a guarded update, WHERE balance >= amount, that finds no row",
            File = Folder + "BranchSession.cs",
            Old = "expectedRows is { } expected && changedRows - ownRows != expected",
            New = "expectedRows is < 0 && changedRows == ownRows",
            CaughtBy = [MariaDb("MariaDbConformanceTests.Deferred_OtherNumber")],
        },
        new("mysql-deferred-rows-of-several-not-looked-at")
        {
            What = "Of several deferred statements one that changed another number of rows than its caller expects is prepared all the same.",
            Like = "a guarded update, WHERE balance >= amount, that finds no row",
            File = Folder + "DeferredStatements.cs",
            Old = "if (expectedRows is { } expected && check is not null)",
            New = "if (expectedRows is < 0 and { } expected && check is not null)",
            CaughtBy = [MariaDb("MariaDbConformanceTests.Deferred_OtherNumber")],
        },
        new("mysql-prepare-within-a-comment")
        {
            What = "A deferred statement leaves a comment open, and XA PREPARE behind it may be part of that: a yes for a branch that is not prepared.",
            Like = "sqlcommenter; databases.md: several statements in one text",
            File = Folder + "DeferredStatements.cs",
            Old = "if (StatementText.MayLeaveCommentOpen(command.CommandText))",
            New = "if (command.CommandText.Length == 0)",
            CaughtBy = [MariaDb("MariaDbTraps.Deferred_LeavesACommentOpen")],
        },
        new("mysql-deferred-parameters-not-copied")
        {
            What = "A deferred statement runs with its caller's own parameters, which hold other values by the time of the prepare.",
            Like = "a command that is used again in a loop",
            File = Folder + "Driver.cs",
            Old = "copy.Parameters.Add(parameter.Clone());",
            New = "copy.Parameters.Add(parameter);",
            CaughtBy = [MariaDb("MariaDbConformanceTests.Deferred_Alone")],
        },
        new("mariadb-lost-lock-not-taken-again")
        {
            What = "A session whose lock was let go of by a stored function stays unknown to who must end it, with every later branch.",
            Like = "RELEASE_ALL_LOCKS",
            File = Folder + "Start.cs",
            Old = "(_lockName ?? _session.LockToRenew(_options.FreshFor)) is { } name",
            New = "_lockName is { } name",
            CaughtBy = [MariaDb("MariaDbTraps.SessionThatLostItsLock")],
        },
        new("mariadb-living-session-not-ended")
        {
            What = "A branch is rolled back by another session without ending its own, which may still prepare it.",
            Like = "databases.md: late prepare",
            File = Folder + "SessionEnd.cs",
            Old = " ?? (staysWithSession ? results[1].Select(writer => writer[1]).FirstOrDefault() : null)",
            New = " ?? (staysWithSession ? null : results[0][0][0])",
            CaughtBy = [MariaDb("MariaDbConformanceTests.Rollback_Of")],
        },
        new("mariadb-session-ended-for-a-branch-it-has-finished")
        {
            What = "Who looks for the session of a branch that is committed ends that session, which has another branch by now.",
            Like = "R11",
            File = Folder + "SessionEnd.cs",
            Old = "flavor.IsMariaDb && results[2].Count == 0",
            New = "flavor.IsMariaDb && results[2].Count >= 0",
            CaughtBy = [MariaDb("MariaDbTraps.SessionThatWentOn")],
        },
        new("mariadb-session-known-by-its-connection-number-alone")
        {
            What = "A witness row of before a restart names a connection whose number another session has now, and that is ended.",
            Like = "R11",
            File = Folder + "SessionNumber.cs",
            Old = "$\"IS_USED_LOCK(CONCAT({Prefix}, connection_id))\"",
            New = "\"(SELECT id FROM information_schema.processlist WHERE id = connection_id & 4294967295)\"",
            CaughtBy = [MariaDb("MariaDbTraps.SessionOfTheSameNumber")],
        },
        new("mysql-deferred-outside-the-branch")
        {
            What = "A deferred statement is sent without looking whether the branch is still there: else it commits by itself.",
            Like = "databases.md: a failed statement does not poison the branch",
            File = Folder + "BranchSession.cs",
            Old = "\"SAVEPOINT coordinator; RELEASE SAVEPOINT coordinator\"",
            New = "\"DO 1\"",
            CaughtBy = [MariaDb("MariaDbConformanceTests.Deferred_TransactionEnded")],
        },
        new("mysql-trimmed-witness-taken-for-rolled-back")
        {
            What = "A missing witness row counts as rolled back even where rows of that age were deleted.",
            Like = "R5",
            File = Folder + "Witness.cs",
            Old = "return evidence.BegunAt < long.Parse(horizon!, CultureInfo.InvariantCulture);",
            New = "return evidence.BegunAt < 0 && horizon is null;",
            CaughtBy = [MariaDb("MariaDbTraps.Trim_")],
        },
        new("mysql-xid-of-another-format-taken-for-ours")
        {
            What = "XIDs of other transaction managers are taken for ours if only their text fits.",
            Like = "databases.md: what XA RECOVER returns is hostile data",
            File = Folder + "PreparedScanReader.cs",
            Old = "if (format == BranchId.XaFormatId && data.Length",
            New = "if (data.Length",
            CaughtBy = [MariaDb("MariaDbTraps.Scan_")],
        },
    ];

    private static Suite MariaDb(params IReadOnlyList<string> tests) => new("Coordinator.ResourceManagers.Tests", tests);
}
