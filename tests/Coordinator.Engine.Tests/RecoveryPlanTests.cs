namespace Coordinator.Engine.Tests;

/// <summary>The recovery plan as a table: what is listed, what is live, what is decided, what becomes of it (R1, R3, R5–R7).</summary>
public class RecoveryPlanTests
{
    private static readonly ClusterId Ours = ClusterId.Parse("aaaaaaaa");
    private static readonly Epoch Running = new(5, 0x55555555);
    private static readonly Epoch Earlier = new(4, 0x44444444);
    private static readonly BranchName Branch = new("orders", "11111111");

    private static TransactionId Id(Epoch epoch, long sequence = 1, ClusterId? cluster = null) =>
        TransactionId.Create(cluster ?? Ours, epoch, sequence, 7);

    private static PreparedBranch Listed(TransactionId id, BranchName? branch = null) =>
        new("raw", new BranchId(id, branch ?? Branch), null);

    private static DecisionRecord Decided(TransactionId id, Decision decision, params BranchName[] branches) =>
        new(id, decision, "", null, [.. branches.Select(b => new DecidedBranch(b, null))], null, DateTimeOffset.UnixEpoch);

    private static PlannedBranch? Plan(
        PreparedBranch listed, TransactionId[]? live = null, DecisionRecord? decision = null, Horizon? horizon = null, int? restoredBefore = null)
    {
        var context = new RecoveryContext(Ours, Running, horizon, restoredBefore, "orders", new HashSet<string> { "inventory" });
        var decisions = new Dictionary<TransactionId, DecisionRecord>();
        if (decision is not null)
            decisions[decision.Transaction] = decision;
        return RecoveryPlan.From([listed], (live ?? []).ToDictionary(id => id, _ => TransactionState.Preparing), decisions, context).SingleOrDefault();
    }

    [Fact]
    public void From_NothingFound_PresumesAbort_R1() => Assert.Equal(PreparedKind.ToRollBack, Plan(Listed(Id(Earlier)))!.Kind);

    [Fact]
    public void From_OfTheRunningEpochAndNotLive_PresumesAbort_R3() => Assert.Equal(PreparedKind.ToRollBack, Plan(Listed(Id(Running)))!.Kind);

    [Fact]
    public void From_Live_IsLeftAlone_R6() => Assert.Equal(PreparedKind.Live, Plan(Listed(Id(Running)), live: [Id(Running)])!.Kind);

    [Fact]
    public void From_DecidedCommit_Commits() =>
        Assert.Equal(PreparedKind.ToCommit, Plan(Listed(Id(Earlier)), decision: Decided(Id(Earlier), Decision.Commit, Branch))!.Kind);

    [Fact]
    public void From_DecidedAbort_RollsBack() =>
        Assert.Equal(PreparedKind.ToRollBack, Plan(Listed(Id(Earlier)), decision: Decided(Id(Earlier), Decision.Abort))!.Kind);

    [Fact]
    public void From_CommittedWithoutThisBranch_IsQuarantined() => Assert.Equal(
        PreparedKind.Quarantined,
        Plan(Listed(Id(Earlier)), decision: Decided(Id(Earlier), Decision.Commit, new BranchName("orders", "22222222")))!.Kind);

    [Fact]
    public void From_AnotherTransactionWithOurPrefix_IsNotTakenForIt() => Assert.Equal(
        PreparedKind.ToRollBack,
        Plan(Listed(Id(Earlier, 122)), live: [Id(Earlier, 12)], decision: Decided(Id(Earlier, 12), Decision.Commit, Branch))!.Kind);

    [Fact]
    public void From_AnotherCluster_IsForeign_R7() =>
        Assert.Equal(PreparedKind.Foreign, Plan(Listed(Id(Earlier, cluster: ClusterId.Parse("bbbbbbbb"))))!.Kind);

    [Fact]
    public void From_NotAnId_IsNotOurs() => Assert.Equal(PreparedKind.NotOurs, Plan(new PreparedBranch("'; DROP TABLE x", null, null))!.Kind);

    [Fact]
    public void From_AnotherRegisteredParticipants_IsItsOwn() => Assert.Null(Plan(Listed(Id(Earlier), new BranchName("inventory", "11111111"))));

    [Fact]
    public void From_AnUnregisteredParticipants_IsQuarantined() =>
        Assert.Equal(PreparedKind.Quarantined, Plan(Listed(Id(Earlier), new BranchName("gone", "11111111")))!.Kind);

    [Fact]
    public void From_UnderTheHorizon_IsQuarantined_R5()
    {
        Assert.Equal(PreparedKind.Quarantined, Plan(Listed(Id(Earlier, 10)), horizon: new Horizon(4, 10))!.Kind);
        Assert.Equal(PreparedKind.ToRollBack, Plan(Listed(Id(Earlier, 11)), horizon: new Horizon(4, 10))!.Kind);
    }

    [Fact]
    public void From_BeforeARestore_IsQuarantined_R7()
    {
        Assert.Equal(PreparedKind.Quarantined, Plan(Listed(Id(Earlier)), restoredBefore: 4)!.Kind);
        Assert.Equal(PreparedKind.ToRollBack, Plan(Listed(Id(Running)), restoredBefore: 9)!.Kind);
    }

    [Fact]
    public void From_BeforeARestoreButDecided_FollowsTheDecision() => Assert.Equal(
        PreparedKind.ToCommit,
        Plan(Listed(Id(Earlier)), decision: Decided(Id(Earlier), Decision.Commit, Branch), restoredBefore: 4)!.Kind);

    [Fact]
    public void From_AnEpochThatThisLogNeverBegan_IsQuarantined_R7()
    {
        Assert.Equal(PreparedKind.Quarantined, Plan(Listed(Id(new Epoch(6, 1))))!.Kind);
        Assert.Equal(PreparedKind.Quarantined, Plan(Listed(Id(new Epoch(5, 1))))!.Kind);
    }
}
