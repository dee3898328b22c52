namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of recovery: scans, presumption, quarantine, and operators.</summary>
public sealed class RecoveryBugs : IBugList
{
    private const string RecoveryPlan = "src/Coordinator.Engine/Recovery/RecoveryPlan.cs";
    private const string MissingRecords = "src/Coordinator.Engine/Recovery/MissingRecords.cs";

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("decisions-read-before-the-listing")
        {
            What = "Decisions are read first and prepared branches listed then: a commit that falls between is rolled back.",
            Like = "faults.md, R6",
            File = "src/Coordinator.Engine/Recovery/Recoverer.cs",
            Old = """
                        var scan = await delivery.SendOnceAsync(participant.ListPreparedAsync, options.CommandTimeout);
                        var listed = scan.Branches.Select(branch => branch.Id?.Transaction).OfType<TransactionId>().Distinct().ToList();
                        var live = NoteLive(listed);
                        var decisions = new Dictionary<TransactionId, DecisionRecord>();
                        foreach (var id in listed)
                        {
                            if (live.TryGetValue(id, out var view) && !view.IsDeliveryPending)
                                continue;
                            if (id.Cluster == lineage.Cluster && await keeper.ReadAsync(log => log.FindDecisionAsync(id)) is { } decision)
                                decisions[id] = decision;
                        }
                """,
            New = """
                        var decisions = new Dictionary<TransactionId, DecisionRecord>();
                        foreach (var id in table.Live.Select(open => open.Id).Concat(table.Finished.Select(ended => ended.Id)).ToList())
                        {
                            if (await keeper.ReadAsync(log => log.FindDecisionAsync(id)) is { } decision)
                                decisions[id] = decision;
                        }

                        var scan = await delivery.SendOnceAsync(participant.ListPreparedAsync, options.CommandTimeout);
                        var live = NoteLive(scan.Branches.Select(branch => branch.Id?.Transaction).OfType<TransactionId>().Distinct().ToList());
                """,
            CaughtBy = [Engine("FailureTests.Scan_")],
        },
        new("scan-ignores-live-transactions")
        {
            What = "A scan rolls back branches whose transaction is live and about to be decided.",
            Like = "Citus #1030",
            File = RecoveryPlan,
            Old = "if (live.TryGetValue(transaction, out var view) && !IsFinished(view, id.Branch))",
            New = "if (live.TryGetValue(transaction, out var view) && view.IsDeliveryPending && !IsFinished(view, id.Branch))",
            CaughtBy = [new Simulator()],
        },
        new("decision-found-by-prefix")
        {
            What = "A decision of transaction 12 is found for a branch of transaction 122.",
            Like = "Citus #2095",
            File = RecoveryPlan,
            Old = "if (decisions.TryGetValue(transaction, out var decision))",
            New = """
                if (decisions.Values.FirstOrDefault(other => transaction.Value.StartsWith(
                            $"{other.Transaction.Cluster}-{other.Transaction.Epoch}-{other.Transaction.Sequence}", StringComparison.Ordinal)) is { } decision)
                """,
            CaughtBy = [Engine("RecoveryPlanTests")],
        },
        new("foreign-cluster-rolled-back")
        {
            What = "Prepared branches of another coordinator on the same database are rolled back as our own.",
            Like = "Citus #6548",
            File = RecoveryPlan,
            Old = "if (transaction.Cluster != context.Cluster)",
            New = "if (transaction.Cluster.Value.Length != context.Cluster.Value.Length)",
            CaughtBy = [Engine("RecoveryPlanTests")],
        },
        new("below-the-horizon-presumed-aborted")
        {
            What = "A branch that comes back prepared after its decision was trimmed is rolled back.",
            Like = "R5",
            File = MissingRecords,
            Old = "if (horizon?.Covers(transaction) == true)",
            New = "if (horizon?.Covers(transaction) == true && transaction.Sequence == 0)",
            CaughtBy = [Engine("RecoveryPlanTests")],
        },
        new("before-a-restore-presumed-aborted")
        {
            What = "After the log was restored from a backup, branches whose decision it lacks are rolled back.",
            Like = "R7",
            File = MissingRecords,
            Old = "if (transaction.Epoch != running && transaction.Epoch.Number <= restoredBefore)",
            New = "if (transaction.Epoch != running && transaction.Epoch.Number < restoredBefore)",
            CaughtBy = [Engine("RecoveryPlanTests")],
        },
        new("epoch-of-another-log-presumed-aborted")
        {
            What = "A branch of a start that this log never saw is rolled back.",
            Like = "R7",
            File = MissingRecords,
            Old = "return epochs.Contains(transaction.Epoch) ? null",
            New = "return transaction.Epoch.Number <= running.Number || epochs.Count == 0 ? null",
            CaughtBy = [Engine("RecoveryPlanTests")],
        },
        new("commit-without-this-branch-rolls-it-back")
        {
            What = "A branch that its transaction's decision does not name is rolled back beside those that committed.",
            Like = "R14",
            File = RecoveryPlan,
            Old = ": (PreparedKind.Quarantined, decision, \"its transaction committed without it; an operator must resolve it\");",
            New = ": (PreparedKind.ToRollBack, decision, \"its transaction committed without it; an operator must resolve it\");",
            CaughtBy = [Engine("RecoveryPlanTests")],
        },
        new("restored-log-not-noticed")
        {
            What = "A log from an old backup is taken for whole as soon as it has the epoch that a database remembers.",
            Like = "R7",
            File = "src/Coordinator.Engine/Recovery/LogLineage.cs",
            Old = "_ends.TryGetValue(mark.Epoch, out var end) && mark.Position <= end);",
            New = "_ends.ContainsKey(mark.Epoch));",
            CaughtBy = [Engine("FailureTests.Attach_")],
        },
        new("another-database-accepted")
        {
            What = "A participant attaches with another database than the one that its name stands for.",
            Like = "faults.md: the resource's identity decides, not its address",
            File = "src/Coordinator.Engine/Participants/Attachments.cs",
            Old = "if (known.Record.Resource == participant.Resource.Identity)",
            New = "if (known.Record.Resource.Kind == participant.Resource.Identity.Kind)",
            CaughtBy = [Engine("FailureTests.Attach_")],
        },
        new("failed-scan-taken-for-an-empty-one")
        {
            What = "A database that could not be listed is reported as having nothing prepared.",
            Like = "R6",
            File = "src/Coordinator.Engine/Operators/Reconciliation.cs",
            Old = "return new ParticipantScan(name, [], $\"{exception.Message.TrimEnd('.')}; {LastScan(entry)}\");",
            New = "return new ParticipantScan(name, [], exception.Message.Length > 0 ? null : LastScan(entry));",
            CaughtBy = [Engine("FailureTests.Scan_")],
        },
        new("operator-commits-what-was-presumed-aborted")
        {
            What = "An operator may commit a branch of a transaction that clients were told is aborted.",
            Like = "R3",
            File = "src/Coordinator.Engine/Operators/OperatorDesk.cs",
            Old = """
                        if (decision == Decision.Commit && standing is null)
                            CheckMayCommit(id, planned);

                """,
            New = "",
            CaughtBy = [Engine("FailureTests.Resolve_")],
        },
        new("no-record-taken-for-aborted")
        {
            What = "A transaction without a record is told aborted, though a one-phase commit leaves none.",
            Like = "R13",
            File = "src/Coordinator.Engine/Transactions/Inquiry.cs",
            Old = """
                        id, "", TransactionState.InDoubt, Outcome.Unknown, Reasons.NoRecord,
                """,
            New = """
                        id, "", TransactionState.Aborted, Outcome.Aborted, Reasons.NoRecord,
                """,
            CaughtBy = [new Simulator()],
        },
        new("late-commit-rolls-back-before-it-asks")
        {
            What = "A commit of an earlier epoch's transaction is settled by rollback, which 'succeeds' on a branch that committed in one phase.",
            Like = "R13",
            File = "src/Coordinator.Engine/Transactions/Inquiry.cs",
            Old = "if (found.Outcome is not (BranchOutcome.Prepared or BranchOutcome.Active))",
            New = "if (found.Outcome is BranchOutcome.RolledBack)",
            CaughtBy = [Engine("FailureTests.Get_", "FailureTests.Commit_")],
        },
        new("failed-read-never-heals")
        {
            What = "A log that fails on a read alone is never reopened: nothing can be begun any more.",
            Like = "R4",
            File = "src/Coordinator.Engine/TwoPhase/LogKeeper.cs",
            Old = "            _ = ReopenAsync(exception);\n",
            New = "",
            CaughtBy = [Engine("FailureTests.Read_")],
        },
    ];

    private static Suite Engine(params IReadOnlyList<string> tests) => new("Coordinator.Engine.Tests", tests);
}
