namespace Coordinator.PlantedBugs.Tests.Bugs;

/// <summary>Bugs of a participant's own logic.</summary>
public sealed class SessionBugs : IBugList
{
    private const string Voting = "src/Coordinator.Participant/Session/Voting.cs";
    private const string Finishing = "src/Coordinator.Participant/Session/Finishing.cs";
    private const string Session = "src/Coordinator.Participant/Session/ParticipantSession.cs";

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("duplicate-prepare-executed-again")
        {
            What = "A second prepare finds the branch prepared, takes that for an error, and rolls it back: the yes is out already.",
            Like = "R9",
            File = Voting,
            Old = """
                            if (branch.Vote is { } given)
                                return given;

                """,
            New = "",
            CaughtBy = [new Simulator()],
        },
        new("running-statement-votes-yes")
        {
            What = "A branch is prepared while a statement still runs in it: the rest of its work is lost or left outside.",
            Like = "R14",
            File = Voting,
            Old = "if (branch.State != HeldState.Active || !branch.Gate.TryEnter())",
            New = "if (branch.State != HeldState.Active)",
            CaughtBy = [Sessions("VotingTests.Prepare_")],
        },
        new("lost-work-votes-read-only")
        {
            What = "A process that does not hold the branch, because it was restarted, has nothing to commit and votes read-only.",
            Like = "R9",
            File = Voting,
            Old = """
                            context.Table.Bar(id, Reason);
                            return new Vote.No(Reason);
                """,
            New = """
                            context.Table.Bar(id, Reason);
                            return new Vote.ReadOnly();
                """,
            CaughtBy = [Sessions("VotingTests.Prepare_")],
        },
        new("prepared-branch-rolled-back-at-the-deadline")
        {
            What = "A prepared branch is rolled back by its participant when the transaction's deadline passes.",
            Like = "R8",
            File = "src/Coordinator.Participant/Session/Opening.cs",
            Old = "() => finishing.EndUnprepared(branch, Reasons.DeadlinePassed, \"The transaction's deadline passed.\"));",
            New = """
                () => { });
                        _ = RollBackLateAsync();
                        async Task RollBackLateAsync()
                        {
                            await Task.Delay(Remaining(branch), context.Time);
                            await finishing.RollBackAsync(branch, evidence: null, "The transaction's deadline passed.");
                        }
                """,
            CaughtBy = [new Simulator()],
        },
        new("prepared-branch-rolled-back-at-a-newer-epoch")
        {
            What = "A coordinator that was restarted makes participants roll back what is prepared.",
            Like = "R8",
            File = Session,
            Old = "_finishing.EndUnprepared(branch, Reasons.EpochFenced, \"A newer epoch of the coordinator attached.\");",
            New = "_ = _finishing.RollBackAsync(branch, evidence: null, \"A newer epoch of the coordinator attached.\");",
            CaughtBy = [new Simulator()],
        },
        new("older-epoch-accepted")
        {
            What = "A coordinator that was paused, and replaced meanwhile, is still obeyed.",
            Like = "R9",
            File = Session,
            Old = "_epoch is not { } known || epoch == known || epoch > known;",
            New = "_epoch is not { } known || epoch == known || epoch != known;",
            CaughtBy = [Sessions("FinishingTests.AdvanceEpoch_")],
        },
        new("stored-answer-believed-after-a-failover")
        {
            What = "A branch that its database lists as prepared again is not finished again: the stored answer says committed.",
            Like = "databases.md: acknowledged rollbacks that came back prepared",
            File = Session,
            Old = "        _context.Table.DoubtReports(scan.Branches);\n",
            New = "",
            CaughtBy = [Sessions("FinishingTests.Commit_")],
        },
        new("commit-of-an-unprepared-branch")
        {
            What = "Commit is obeyed by a branch that has not voted.",
            Like = "R1",
            File = Finishing,
            Old = "if (branch.State is not (HeldState.Prepared or HeldState.PrepareUnknown or HeldState.Over))",
            New = "if (branch.State is HeldState.Doomed)",
            CaughtBy = [Sessions("FinishingTests.Commit_")],
        },
        new("rollback-after-a-one-phase-commit-claims-success")
        {
            What = "A rollback ends the session that may be committing, finds nothing, and says rolled back.",
            Like = "R13",
            File = Finishing,
            Old = """
                            if (branch.IsOnePhaseSent)
                                return await FindOutcomeAsync(branch.Id, evidence);

                """,
            New = "",
            CaughtBy = [Sessions("VotingTests.Rollback_", "VotingTests.CommitOnePhase_")],
        },
        new("work-begins-before-the-enlistment-is-acknowledged")
        {
            What = "Work is done that the coordinator does not know of yet: a commit in that moment leaves it out.",
            Like = "R14",
            File = "src/Coordinator.Participant/Session/Opening.cs",
            Old = """
                            if (await TryEnlistAsync(branch, enlistment))
                                await BeginAsync(branch, options);
                """,
            New = """
                            _ = TryEnlistAsync(branch, enlistment);
                            await BeginAsync(branch, options);
                """,
            CaughtBy = [Sessions("OpeningTests.Enlist_FirstWork", "OpeningTests.Enlist_Refused")],
        },
        new("late-work-begins-a-rolled-back-branch")
        {
            What = "Work that arrives after its transaction was rolled back begins the branch anew, and holds locks until the deadline.",
            Like = "R3",
            File = Finishing,
            Old = "        context.Table.Bar(id, \"The coordinator rolled it back.\");\n",
            New = "",
            CaughtBy = [Sessions("OpeningTests.Enlist_While")],
        },
    ];

    private static Suite Sessions(params IReadOnlyList<string> tests) => new("Coordinator.Participant.Tests", tests);
}
