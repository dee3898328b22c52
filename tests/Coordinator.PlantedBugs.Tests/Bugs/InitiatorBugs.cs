namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of applications that prepare their branches themselves, at both ends of their stream.</summary>
public sealed class InitiatorBugs : IBugList
{
    private const string Initiating = "src/Coordinator.Engine/Initiators/Initiating.cs";
    private const string Initiator = "src/Coordinator.Engine/Initiators/Initiator.cs";
    private const string Recoverer = "src/Coordinator.Engine/Recovery/Recoverer.cs";
    private const string VotedCommit = "src/Coordinator.Initiation/Committing/VotedCommit.cs";

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("reserved-id-not-live-for-scans")
        {
            What = "A scan rolls back what an initiator has prepared and not yet handed over; its late commit commits the rest.",
            Like = "Citus #1030",
            File = Recoverer,
            Old = """
                        foreach (var (id, holder) in reserved)
                            live.TryAdd(id, Inquiry.OfReserved(id, holder!.Name));

                """,
            New = "",
            CaughtBy = [new Simulator(), Engine("InitiatorTests.Scan_")],
        },
        new("reserved-ids-noted-before-the-listing")
        {
            What = "Which ids are reserved is noted before the branches are listed: one reserved in between is rolled back.",
            Like = "R6",
            File = Recoverer,
            Old = """
                        var scan = await delivery.SendOnceAsync(participant.ListPreparedAsync, options.CommandTimeout);
                        var listed = scan.Branches.Select(branch => branch.Id?.Transaction).OfType<TransactionId>().Distinct().ToList();
                        var live = NoteLive(listed);
                """,
            New = """
                        var before = await delivery.SendOnceAsync(participant.ListPreparedAsync, options.CommandTimeout);
                        var live = NoteLive(before.Branches.Select(branch => branch.Id?.Transaction).OfType<TransactionId>().Distinct().ToList());
                        var scan = await delivery.SendOnceAsync(participant.ListPreparedAsync, options.CommandTimeout);
                        var listed = scan.Branches.Select(branch => branch.Id?.Transaction).OfType<TransactionId>().Distinct().ToList();
                """,
            CaughtBy = [new Simulator()],
        },
        new("fenced-initiator-still-commits")
        {
            What = "Its connection is lost and a scan rolls its branches back; a decision that it asked for just before is still made.",
            Like = "R3",
            File = Initiator,
            Old = "            _reserved.Clear();\n",
            New = "",
            CaughtBy = [Engine("InitiatorTests.Fence_BeforeTheDecision_")],
        },
        new("dead-id-decided")
        {
            What = "Votes are enough for a commit: also of an id that was given up, fenced, or rolled back by a scan.",
            Like = "R3",
            File = Initiating,
            Old = "        initiator.TrySettle(id, () => table.Add(taken = NewVoted(id, name, prepared)));\n",
            New = """
                        if (!initiator.TrySettle(id, () => table.Add(taken = NewVoted(id, name, prepared))) && !table.TryGetLive(id, out _))
                            table.Add(taken = NewVoted(id, name, prepared));

                """,
            CaughtBy = [new Simulator(), Engine("InitiatorTests.Rollback_", "InitiatorTests.Decide_OnALaterStream_")],
        },
        new("given-up-id-told-aborted")
        {
            What = "Who rolls a reserved id back is told that it aborted, though its only branch may have committed in one phase.",
            Like = "R13",
            File = "src/Coordinator.Engine/Transactions/TransactionTable.cs",
            Old = "id, \"\", TransactionState.InDoubt, Outcome.Unknown, reasonCode,",
            New = "id, \"\", TransactionState.Aborted, Outcome.Aborted, reasonCode,",
            CaughtBy = [new Simulator(), Engine("InitiatorTests.Rollback_")],
        },
        new("answer-before-the-decision-is-durable")
        {
            What = "The initiator is told commit while the decision is being written: a crash aborts what it has not told yet.",
            Like = "R1",
            File = Initiating,
            Old = """
                        await transaction.WhenDecided.OnCallersScheduler();
                        return transaction.ToView();
                """,
            New = """
                        await Task.CompletedTask;
                        return transaction.ToView() with { Outcome = Outcome.Committed };
                """,
            CaughtBy = [new Simulator(), Engine("InitiatorTests.Decide_AllVoted_")],
        },
        new("late-question-answered-without-the-log")
        {
            What = "An initiator whose connection was lost is told aborted without a look for the decision that stands.",
            Like = "R2",
            File = "src/Coordinator.Engine/Transactions/Inquiry.cs",
            Old = """
                        var view = await LookUpAsync(id);
                        if (view.Outcome != Outcome.Unknown)
                            return view;
                """,
            New = """
                        var view = table.TryGetFinished(id, out var finished) && finished.Outcome == Outcome.Unknown ? finished : Unknown(id);
                        await Task.CompletedTask;
                """,
            CaughtBy = [new Simulator()],
        },
        new("acknowledgement-taken-for-all")
        {
            What = "An initiator says which branches it could not tell, and the end is recorded as if it had told all.",
            Like = "R5",
            File = Initiator,
            Old = "delivery?.Told.TrySetResult(untold);",
            New = "delivery?.Told.TrySetResult([]);",
            CaughtBy = [new Simulator(), Engine("InitiatorTests.Acknowledge_")],
        },
        new("untold-branches-acknowledged")
        {
            What = "The initiator acknowledges branches that it could not tell: nobody tells them.",
            Like = "R5",
            File = VotedCommit,
            Old = "agent.Acknowledge(id, untold);",
            New = "agent.Acknowledge(id, []);",
            CaughtBy = [new Simulator()],
        },
        new("initiator-commits-without-an-answer")
        {
            What = "No answer in time is taken for a commit: all had voted yes, after all.",
            Like = "R1",
            File = VotedCommit,
            Old = "        if (answer.Outcome != Outcome.Committed)\n",
            New = "        if (answer.Outcome != Outcome.Committed && !answer.IsInDoubt)\n",
            CaughtBy = [new Simulator()],
        },
        new("initiator-rolls-back-without-an-answer")
        {
            What = "No answer in time is taken for an abort, and prepared branches are rolled back; the decision may stand.",
            Like = "R8",
            File = VotedCommit,
            Old = "        if (answer.Outcome == Outcome.Aborted)\n",
            New = "        if (answer.Outcome == Outcome.Aborted || answer.IsInDoubt)\n",
            CaughtBy = [new Simulator()],
        },
        new("lost-connection-taken-for-an-abort")
        {
            What = "The stream ends before the answer comes, and that is taken for the answer that a fenced initiator gets.",
            Like = "R2",
            File = "src/Coordinator.Initiation/Stream/StreamLastAgent.cs",
            Old = "return new LastAgentAnswer(Outcome.Unspecified, \"\", ended.Message);",
            New = "return new LastAgentAnswer(Outcome.Aborted, \"\", ended.Message);",
            CaughtBy = [new Simulator()],
        },
        new("slow-voter-not-rolled-back")
        {
            What = "After a no, only the branches that have voted are rolled back: one that is at it stays prepared while its id is live.",
            Like = "databases.md: late prepare",
            File = VotedCommit,
            Old = """
                        await Task.WhenAll(branches.Where(branch => branch.Vote is not Vote.ReadOnly).Select(RollbackOneAsync));
                        // AFTER the rollbacks: a scan would only do the same again.
                        agent.Release(id);
                """,
            New = """
                        await Task.WhenAll(branches.Where(branch => branch.Vote is Vote.Prepared).Select(RollbackOneAsync));
                """,
            CaughtBy = [new Simulator()],
        },
    ];

    private static Suite Engine(params IReadOnlyList<string> tests) => new("Coordinator.Engine.Tests", tests);
}
