namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of the path from Begin to the last delivery.</summary>
public sealed class CommitBugs : IBugList
{
    private const string TwoPhaseCommit = "src/Coordinator.Engine/TwoPhase/TwoPhaseCommit.cs";

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("commit-sent-before-the-decision-is-durable")
        {
            What = "Branches are told to commit while the decision is still being written: a crash aborts the rest.",
            Like = "R1",
            File = TwoPhaseCommit,
            Old = "        var standing = await log.DecideAsync(\n",
            New = """
                        _ = Task.WhenAll(prepared.Select(branch => delivery.CommitAsync(transaction, branch)));
                        var standing = await log.DecideAsync(

                """,
            CaughtBy = [new Simulator()],
        },
        new("end-before-the-last-delivery")
        {
            What = "The decision is marked as delivered before it has been: a crash forgets it, and recovery rolls back.",
            Like = "R5",
            File = TwoPhaseCommit,
            Old = """
                        await Task.WhenAll(branches.Select(branch => DeliverCommitAsync(transaction, branch)));
                        await log.AppendAsync(new EndRecord(transaction.Id, time.GetUtcNow()), Durability.Lazy);
                """,
            New = """
                        await log.AppendAsync(new EndRecord(transaction.Id, time.GetUtcNow()), Durability.Lazy);
                        await Task.WhenAll(branches.Select(branch => DeliverCommitAsync(transaction, branch)));
                """,
            CaughtBy = [Engine("CommitTests.Commit_", "FailureTests.Crash_")],
        },
        new("end-at-the-first-success")
        {
            What = "The end is written when one branch has committed; the others are never told.",
            Like = "DTM #444: success reported, never committed",
            File = TwoPhaseCommit,
            Old = "await Task.WhenAll(branches.Select(branch => DeliverCommitAsync(transaction, branch)));",
            New = "await Task.WhenAny(branches.Select(branch => DeliverCommitAsync(transaction, branch)));",
            CaughtBy = [Engine("FailureTests.Deliver_")],
        },
        new("one-slow-branch-holds-up-the-others")
        {
            What = "Branches are told one after the other: while the first one's participant is away, no other commits.",
            Like = "Bitronix #59: one bad resource stops all",
            File = TwoPhaseCommit,
            Old = "await Task.WhenAll(branches.Select(branch => DeliverCommitAsync(transaction, branch)));",
            New = "foreach (var branch in branches) await DeliverCommitAsync(transaction, branch);",
            CaughtBy = [Engine("FailureTests.Deliver_")],
        },
        new("unknown-taken-for-committed")
        {
            What = "A branch that answers 'unknown' or 'rolled back' to commit counts as committed, and no operator hears of it.",
            Like = "Seata #4073",
            File = TwoPhaseCommit,
            Old = "await heuristics.RecordAsync(transaction, branch, Decision.Commit, report.Outcome, report.Detail ?? \"\");",
            New = "transaction.Update(branch, BranchState.Committed);",
            CaughtBy = [Engine("FailureTests.Deliver_")],
        },
        new("heuristic-not-durable")
        {
            What = "A heuristic outcome is kept in memory alone: a restart forgets it before anybody settled it.",
            Like = "R10",
            File = "src/Coordinator.Engine/Recovery/HeuristicLedger.cs",
            Old = "await log.AppendAsync(record, Durability.Forced);",
            New = "await log.AppendAsync(record, Durability.Lazy);",
            CaughtBy = [Engine("FailureTests.Deliver_")],
        },
        new("commit-names-an-unknown-branch")
        {
            What = "Commit goes on although a branch that the client worked in never enlisted: its work is lost, the rest commits.",
            Like = "R14",
            File = TwoPhaseCommit,
            Old = "if (FindMissing(branches, named) is { } missing)",
            New = "if (branches.Count == 0 && FindMissing(branches, named) is { } missing)",
            CaughtBy = [Engine("CommitTests.Commit_")],
        },
        new("one-phase-with-two-branches")
        {
            What = "The first of two branches is committed without prepare; the other one is forgotten.",
            Like = "R13",
            File = TwoPhaseCommit,
            Old = """
                        if (branches is [var only] && transaction.IdempotencyKey is null)
                        {
                            if (registry.FindHolder(only.Id.Branch) is not { } holder)
                                await AbortAsync(transaction, Reasons.ParticipantUnavailable, $"Branch {only.Id.Branch}: its participant is not attached.");
                            else if (transaction.TryCloseForOnePhase())
                """,
            New = """
                        if (branches is [var only, ..] && transaction.IdempotencyKey is null)
                        {
                            if (registry.FindHolder(only.Id.Branch) is not { } holder)
                                await AbortAsync(transaction, Reasons.ParticipantUnavailable, $"Branch {only.Id.Branch}: its participant is not attached.");
                            else if (transaction.TryMove(TransactionState.Active, TransactionState.CommittingOnePhase))
                """,
            CaughtBy = [new Simulator()],
        },
        new("one-phase-without-an-answer-is-aborted")
        {
            What = "A one-phase commit whose answer is lost is reported as aborted, though it may have committed.",
            Like = "R13",
            File = "src/Coordinator.Engine/TwoPhase/OnePhaseCommit.cs",
            Old = "return new BranchReport(BranchOutcome.Active, exception.Message);",
            New = "return new BranchReport(BranchOutcome.RolledBack, exception.Message);",
            CaughtBy = [new Simulator()],
        },
        new("abort-after-a-failed-decision-write")
        {
            What = "A decision write that failed is taken for 'not written' and answered with rollback; it may be on disk.",
            Like = "Orleans #10123",
            File = "src/Coordinator.Engine/TwoPhase/LogKeeper.cs",
            Old = """
                            whenUnknown?.Invoke(exception);
                            await ReopenAsync(exception);
                """,
            New = """
                            whenUnknown?.Invoke(exception);
                            _ = ReopenAsync(exception);
                            return commit with { Decision = Decision.Abort, Reason = exception.Message };
                """,
            CaughtBy = [new Simulator()],
        },
        new("timeout-aborts-while-the-decision-is-written")
        {
            What = "A rollback or a deadline that comes while the commit decision is being written wins over it.",
            Like = "Seata #5404",
            File = "src/Coordinator.Engine/Transactions/GlobalTransaction.cs",
            Old = "        || TryMove(TransactionState.Preparing, TransactionState.Aborting, reasonCode, reason);",
            New = """
                        || TryMove(TransactionState.Preparing, TransactionState.Aborting, reasonCode, reason)
                        || TryMove(TransactionState.Deciding, TransactionState.Aborting, reasonCode, reason);
                """,
            CaughtBy = [Engine("CommitTests.Deadline_", "CommitTests.Rollback_")],
        },
        new("enlistment-after-prepare-began")
        {
            What = "A branch enlists while the others are being prepared: nobody asks for its vote.",
            Like = "Seata #5681",
            File = "src/Coordinator.Engine/Transactions/GlobalTransaction.cs",
            Old = """
                            if (State != TransactionState.Active)
                                return EnlistResult.WrongState;
                """,
            New = """
                            if (State is not (TransactionState.Active or TransactionState.Preparing))
                                return EnlistResult.WrongState;
                """,
            CaughtBy = [Engine("CommitTests.Enlist_")],
        },
        new("yes-left-prepared-after-anothers-no")
        {
            What = "When one branch votes no, those that had voted yes are not rolled back: they stay prepared, and locked.",
            Like = "MySqlConnector #1348",
            File = TwoPhaseCommit,
            Old = "branch.State is not (BranchState.ReadOnly or BranchState.RolledBack)",
            New = "branch.State is not (BranchState.ReadOnly or BranchState.RolledBack or BranchState.Prepared)",
            CaughtBy = [Engine("CommitTests.Commit_")],
        },
        new("late-yes-left-prepared")
        {
            What = "Only branches whose vote came are rolled back after an abort: one that prepares late stays prepared until a scan.",
            Like = "databases.md: late prepare",
            File = TwoPhaseCommit,
            Old = "branch.State is not (BranchState.ReadOnly or BranchState.RolledBack)",
            New = "branch.State is BranchState.Prepared or BranchState.VotedNo",
            CaughtBy = [Engine("CommitTests.Prepare_")],
        },
        new("delivery-gives-up")
        {
            What = "Commit is told three times and then no more.",
            Like = "dble #1077",
            File = "src/Coordinator.Engine/TwoPhase/Delivery.cs",
            Old = "MaxRetryAttempts = int.MaxValue,",
            New = "MaxRetryAttempts = 3,",
            CaughtBy = [new Simulator()],
        },
        new("key-forgotten")
        {
            What = "A commit with an idempotency key leaves no record that carries it: a retry after a crash does the work twice.",
            Like = "R13",
            File = TwoPhaseCommit,
            Old = "if (branches is [var only] && transaction.IdempotencyKey is null)",
            New = "if (branches is [var only])",
            CaughtBy = [Engine("CommitTests.Commit_")],
        },
    ];

    private static Suite Engine(params IReadOnlyList<string> tests) => new("Coordinator.Engine.Tests", tests);
}
