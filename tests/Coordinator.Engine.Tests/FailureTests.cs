using Coordinator.Testing;

namespace Coordinator.Engine.Tests;

/// <summary>The fault matrix against the engine: each test says its scenario and what must come of it.</summary>
public class FailureTests
{
    /// <summary>Crash before the decision is durable. Expected: presumed abort, both branches rolled back, nobody told commit.</summary>
    [Fact]
    public async Task Crash_AllPreparedAndUndecided_RecoveryRollsBackBoth_R1()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Log.BeforeDecision = _ =>
        {
            world.Crash();
            return Task.Delay(Timeout.Infinite, CancellationToken.None);
        };
        _ = world.CommitAsync(id);
        await Eventually.AssertAsync(() => world.Trace.Count("crash") == 1, TimeSpan.FromSeconds(5), "the crash");

        await world.RestartAsync();

        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.RolledBack), TimeSpan.FromSeconds(5), "both roll back");
        Assert.Equal(Outcome.Aborted, (await world.Coordinator.CommitAsync(id, [world.InventoryBranch(id).Branch, world.OrdersBranch(id).Branch], untilDelivered: true, CancellationToken.None)).Outcome);
    }

    /// <summary>Crash after the decision is durable and before delivery. Expected: recovery commits both, and says so.</summary>
    [Fact]
    public async Task Crash_DecidedAndUndelivered_RecoveryCommitsBoth()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Log.AfterDecision = _ =>
        {
            world.Crash();
            return Task.Delay(Timeout.Infinite, CancellationToken.None);
        };
        _ = world.CommitAsync(id);
        await Eventually.AssertAsync(() => world.Trace.Count("crash") == 1, TimeSpan.FromSeconds(5), "the crash");

        await world.RestartAsync();

        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.Committed), TimeSpan.FromSeconds(5), "both commit");
        Assert.Equal(Outcome.Committed, (await world.CommitAsync(id)).Outcome);
    }

    /// <summary>The same, and afterwards no participant comes back. Expected: the client is told all the same (R11).</summary>
    [Fact]
    public async Task Crash_DecidedAndParticipantsAway_TheClientIsToldCommitted_R11()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Log.AfterDecision = _ =>
        {
            world.Crash();
            return Task.Delay(Timeout.Infinite, CancellationToken.None);
        };
        _ = world.CommitAsync(id);
        await Eventually.AssertAsync(() => world.Trace.Count("crash") == 1, TimeSpan.FromSeconds(5), "the crash");

        await world.StartCoordinatorAsync();
        var commit = world.CommitAsync(id);
        await world.AdvanceUntilAsync(() => commit.IsCompleted, "the answer");

        var view = await commit;
        Assert.Equal((Outcome.Committed, true), (view.Outcome, view.IsDeliveryPending));
    }

    /// <summary>Crash between the two deliveries. Expected: the second branch commits too.</summary>
    [Fact]
    public async Task Crash_OneBranchToldAndOneNot_RecoveryCommitsTheOther()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        var committed = new TaskCompletionSource();
        world.Inventory.After("commit", _ =>
        {
            committed.SetResult();
            return Task.CompletedTask;
        });
        world.Orders.Before("commit", async _ =>
        {
            await committed.Task;
            world.Crash();
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        });
        _ = world.CommitAsync(id);
        await Eventually.AssertAsync(() => world.Trace.Count("crash") == 1, TimeSpan.FromSeconds(5), "the crash");

        await world.RestartAsync();

        await Eventually.AssertAsync(() => world.OutcomesOf(id).All(outcome => outcome == BranchOutcome.Committed), TimeSpan.FromSeconds(5), "both commit");
    }

    /// <summary>The decision write fails and was not written. Expected: in doubt, then Aborted under the same key, never a guess.</summary>
    [Theory]
    [InlineData(false, Outcome.Aborted, BranchOutcome.RolledBack)]
    [InlineData(true, Outcome.Committed, BranchOutcome.Committed)]
    public async Task Decide_WriteFails_TheLogIsReadBackAndTheFirstDecisionStands_R4(bool isWritten, Outcome outcome, BranchOutcome branches)
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Log.BeforeDecision = decision =>
        {
            if (decision.Decision == Decision.Commit)
                world.Storage.FailNextWrite(isWritten);
            return Task.CompletedTask;
        };

        var view = await world.CommitAsync(id);

        Assert.Equal(outcome, view.Outcome);
        Assert.All(world.OutcomesOf(id), found => Assert.Equal(branches, found));
        var reopen = world.Trace.IndexOf("log: reopen");
        Assert.True(reopen >= 0);
        Assert.True(reopen < world.Trace.IndexOf("log: decide Abort"));
        Assert.True(world.Trace.IndexOf("log: decide Abort") < world.Trace.Lines.ToList().FindIndex(line => line is "inventory: commit" or "inventory: rollback"));
    }

    /// <summary>
    /// A participant is away when the decision is delivered. Expected: committed at once, the other branch told whichever
    /// enlisted first, this one told when it is back.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deliver_ParticipantAway_OthersAreToldAndItLearnsWhenItIsBack_R11(bool firstIsAway)
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        var (away, instance, branch) = firstIsAway
            ? (world.Inventory, world.InventoryInstance, world.InventoryBranch(id))
            : (world.Orders, world.OrdersInstance, world.OrdersBranch(id));
        var (other, otherBranch) = firstIsAway ? (world.Orders, world.OrdersBranch(id)) : (world.Inventory, world.InventoryBranch(id));
        world.Log.AfterDecision = _ =>
        {
            instance.IsGone = true;
            world.Coordinator.Detach(instance);
            return Task.CompletedTask;
        };

        var commit = world.CommitAsync(id);
        await world.AdvanceUntilAsync(() => commit.IsCompleted, "the commit is answered");
        var view = await commit;

        Assert.Equal(Outcome.Committed, view.Outcome);
        Assert.True(view.IsDeliveryPending);
        Assert.Equal(BranchOutcome.Committed, other.OutcomeOf(otherBranch));
        Assert.Equal([branch], away.Prepared);

        await world.Coordinator.AttachAsync(away.Attach("eeeeeeee"));
        await Eventually.AssertAsync(() => away.Prepared.Count == 0, TimeSpan.FromSeconds(5), "it is told");
        Assert.Equal(BranchOutcome.Committed, away.OutcomeOf(branch));
    }

    /// <summary>Commands fail and are repeated. Expected: the branch commits in the end; the other was never held up.</summary>
    [Fact]
    public async Task Deliver_TransientFailures_AreRetriedWithoutEnd()
    {
        await using var world = await World.StartAsync();
        var failures = 0;
        world.Orders.Before("commit", _ => ++failures <= 5 ? throw new ParticipantUnavailableException("no answer") : Task.CompletedTask);
        var id = await world.BeginWithWorkAsync();

        var commit = world.CommitAsync(id);
        await world.AdvanceUntilAsync(() => world.Orders.OutcomeOf(world.OrdersBranch(id)) == BranchOutcome.Committed, "the sixth attempt");

        Assert.Equal(Outcome.Committed, (await commit).Outcome);
        Assert.Equal(1, world.Trace.Count("inventory: commit"));
    }

    /// <summary>A DBA rolled one branch back by hand. Expected: heuristic mixed, durable, kept until forgotten.</summary>
    [Theory]
    [InlineData(BranchOutcome.RolledBack, Outcome.HeuristicMixed)]
    [InlineData(BranchOutcome.Unknown, Outcome.HeuristicHazard)]
    public async Task Deliver_BranchEndedOtherwise_IsHeuristicUntilForgotten_R10(BranchOutcome found, Outcome outcome)
    {
        await using var world = await World.StartAsync();
        world.Orders.CommitAnswer = new BranchReport(found, "42704");
        var id = await world.BeginWithWorkAsync();

        Assert.Equal(outcome, (await world.CommitAsync(id)).Outcome);
        Assert.Equal(1, world.Trace.Count("log: HeuristicRecord Forced"));

        world.Crash();
        await world.RestartAsync();
        Assert.Equal(found, Assert.Single((await world.Coordinator.Operators.ReconcileAsync()).Heuristics).Found);
        Assert.Equal(1, await world.Coordinator.Operators.ForgetAsync(id, "settled with the shop"));
        Assert.Empty((await world.Coordinator.Operators.ReconcileAsync()).Heuristics);
    }

    /// <summary>One-phase commit is sent and the answer is lost. Expected: in doubt until the database proves it (R13).</summary>
    [Theory]
    [InlineData(true, Outcome.Committed)]
    [InlineData(false, Outcome.Aborted)]
    public async Task OnePhase_AnswerLost_IsInDoubtUntilProven_R13(bool tookEffect, Outcome outcome)
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginAsync();
        var branch = world.Enlist(world.OrdersInstance, id);
        world.Orders.Before("commit one-phase", b =>
        {
            world.Orders.Set(b, tookEffect ? BranchOutcome.Committed : BranchOutcome.RolledBack);
            throw new ParticipantUnavailableException("the stream broke");
        });

        var view = await world.CommitAsync(id);

        Assert.Equal(outcome, view.Outcome);
        Assert.Equal(1, world.Trace.Count("orders: find outcome"));
        Assert.Equal(tookEffect ? BranchOutcome.Committed : BranchOutcome.RolledBack, world.Orders.OutcomeOf(branch));
    }

    /// <summary>The same, and nothing can prove it. Expected: unknown; neither committed nor aborted is claimed (R13).</summary>
    [Fact]
    public async Task OnePhase_NothingProvesIt_IsUnknown_R13()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginAsync();
        world.Enlist(world.OrdersInstance, id);
        world.Orders.Before("commit one-phase", b =>
        {
            world.Orders.Set(b, BranchOutcome.Unknown);
            throw new ParticipantUnavailableException("the stream broke");
        });

        Assert.Equal(Outcome.Unknown, (await world.CommitAsync(id)).Outcome);
        Assert.Equal(Outcome.Unknown, (await world.Coordinator.GetAsync(id)).Outcome);
    }

    /// <summary>After a restart a client asks for a transaction without a record. Expected: unknown, never aborted (R13).</summary>
    [Fact]
    public async Task Get_NoRecordAfterRestart_IsUnknown_R13()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginAsync();
        world.Enlist(world.OrdersInstance, id);
        await world.CommitAsync(id);
        world.Crash();
        await world.RestartAsync();

        Assert.Equal(Outcome.Unknown, (await world.Coordinator.GetAsync(id)).Outcome);
        var late = await world.Coordinator.CommitAsync(id, [world.OrdersBranch(id).Branch], untilDelivered: true, CancellationToken.None);
        Assert.Equal(Outcome.Committed, late.Outcome);
    }

    /// <summary>The same after a restart, where a rollback would say "rolled back" of a branch that is over. Expected: unknown.</summary>
    [Fact]
    public async Task Commit_OnePhaseOfAnEarlierEpochThatNothingProves_IsUnknown_R13()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginAsync();
        var branch = world.Enlist(world.OrdersInstance, id);
        await world.CommitAsync(id);
        world.Orders.Set(branch, BranchOutcome.Unknown);
        world.Crash();
        await world.RestartAsync();

        var late = await world.Coordinator.CommitAsync(id, [branch.Branch], untilDelivered: true, CancellationToken.None);

        Assert.Equal(Outcome.Unknown, late.Outcome);
        Assert.Equal(0, world.Trace.Count("orders: rollback"));
    }

    /// <summary>The same while the branch's one-phase commit still runs, so that a rollback does nothing. Expected: in doubt.</summary>
    [Fact]
    public async Task Commit_OfAnEarlierEpochWhoseBranchStillCommits_IsInDoubt_R13()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginAsync();
        var branch = world.Enlist(world.OrdersInstance, id);
        world.Crash();
        await world.RestartAsync();
        world.Orders.Set(branch, BranchOutcome.Active);
        world.Orders.RollbackAnswer = new BranchReport(BranchOutcome.Active, "its commit is running");

        var late = await world.Coordinator.CommitAsync(id, [branch.Branch], untilDelivered: true, CancellationToken.None);

        Assert.Equal(Outcome.InDoubt, late.Outcome);
    }

    /// <summary>The log fails on a read alone. Expected: it is reopened all the same, and Begin works again (R4).</summary>
    [Fact]
    public async Task Read_LogDoesNotAnswer_HealsWithoutADecision_R4()
    {
        await using var world = await World.StartAsync();
        world.Log.FailReads = true;

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => world.BeginAsync(key: "k"));

        Assert.Equal(Reasons.LogUnavailable, refusal.Reason);
        await Eventually.AssertAsync(() => world.Coordinator.LogFailure is null, TimeSpan.FromSeconds(5), "the log is reopened");
        Assert.Equal(1, world.Trace.Count("log: reopen"));
        await world.BeginAsync(key: "k");
    }

    /// <summary>An operator commits what was presumed aborted and told so. Expected: refused (R2, R3).</summary>
    [Fact]
    public async Task Resolve_CommitOfAnAbortedTransactionsLateBranch_IsRefused_R3()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        await world.Coordinator.RollbackAsync(id, "", CancellationToken.None);
        world.Orders.Set(world.OrdersBranch(id), BranchOutcome.Prepared);

        var refusal = await Assert.ThrowsAsync<RefusedException>(
            () => world.Coordinator.Operators.ResolveAsync(id, Decision.Commit, "a mistake"));

        Assert.Equal(Reasons.WrongState, refusal.Reason);
        Assert.Equal([world.OrdersBranch(id)], world.Orders.Prepared);
        await world.Coordinator.ScanAsync(world.OrdersInstance);
        Assert.Equal(BranchOutcome.RolledBack, world.Orders.OutcomeOf(world.OrdersBranch(id)));
    }

    /// <summary>A deadline as short as can be. Expected: the transaction ends, and nothing of it stays open.</summary>
    [Fact]
    public async Task Begin_DeadlineFallsAtOnce_LeavesNothingOpen()
    {
        await using var world = await World.StartAsync();

        await Assert.ThrowsAsync<RefusedException>(() => world.BeginAsync(timeout: TimeSpan.FromTicks(1)));
        await world.BeginAsync(timeout: TimeSpan.FromMilliseconds(1));
        world.Time.Advance(TimeSpan.FromMilliseconds(1));

        await Eventually.AssertAsync(() => world.Coordinator.Operators.CountOpen().Count == 0, TimeSpan.FromSeconds(5), "nothing is open");
    }

    /// <summary>A scan meets a branch whose transaction is live and undecided. Expected: left alone (Citus #1030).</summary>
    [Fact]
    public async Task Scan_LiveUndecidedBranch_IsLeftAlone_R6()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Inventory.After("prepare", async _ => await world.Coordinator.ScanAsync(world.InventoryInstance));

        Assert.Equal(Outcome.Committed, (await world.CommitAsync(id)).Outcome);
        Assert.Equal(0, world.Trace.Count("inventory: rollback"));
    }

    /// <summary>A transaction is decided and ends between the listing and the consultation. Expected: not rolled back.</summary>
    [Fact]
    public async Task Scan_TransactionEndsAfterTheListing_FollowsTheDecision_R6()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        var listed = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var prepared = new TaskCompletionSource();
        world.Log.BeforeDecision = async _ =>
        {
            prepared.SetResult();
            await listed.Task;
        };
        world.Orders.After("list prepared", async _ =>
        {
            listed.TrySetResult();
            await goOn.Task;
        });

        var commit = world.CommitAsync(id);
        await prepared.Task;
        var scan = world.Coordinator.ScanAsync(world.OrdersInstance);
        Assert.Equal(Outcome.Committed, (await commit).Outcome);
        goOn.SetResult();
        await scan;

        Assert.Equal(0, world.Trace.Count("orders: rollback"));
        Assert.Equal(BranchOutcome.Committed, world.Orders.OutcomeOf(world.OrdersBranch(id)));
        Assert.Empty((await world.Coordinator.Operators.ReconcileAsync()).Heuristics);
    }

    /// <summary>A scan runs on a standby. Expected: nothing is concluded, the failure is shown.</summary>
    [Fact]
    public async Task Scan_OnAStandby_ConcludesNothing_R6()
    {
        await using var world = await World.StartAsync();
        world.Orders.IsStandby = true;

        await world.Coordinator.ScanAsync(world.OrdersInstance);

        var report = await world.Coordinator.Operators.ReconcileAsync();
        Assert.Contains("standby", report.FailedScans["orders"], StringComparison.Ordinal);
    }

    /// <summary>A database comes back from a restore with a branch prepared that had committed. Expected: committed again.</summary>
    [Fact]
    public async Task Scan_DatabaseCameBackPrepared_CommitsAgainFromTheKeptDecision_R5()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        await world.CommitAsync(id);
        world.Orders.Set(world.OrdersBranch(id), BranchOutcome.Prepared);

        await world.Coordinator.ScanAsync(world.OrdersInstance);

        Assert.Equal(BranchOutcome.Committed, world.Orders.OutcomeOf(world.OrdersBranch(id)));
    }

    /// <summary>A participant remembers a position that the log does not have. Expected: quarantine, nothing presumed aborted.</summary>
    [Fact]
    public async Task Attach_LogLacksRecords_QuarantinesInsteadOfAborting_R7()
    {
        await using var world = await World.StartAsync();
        var orphan = new BranchId(TransactionId.Create(world.Coordinator.Cluster, world.Coordinator.Epoch, 999, 1), new BranchName("orders", "aaaaaaaa"));
        world.Orders.Set(orphan, BranchOutcome.Prepared);
        world.Orders.Marks.Clear();
        world.Orders.Marks.Add(new CoordinatorMark(world.Coordinator.Cluster, world.Coordinator.Epoch, 1_000_000));
        world.Crash();

        await world.RestartAsync();

        Assert.Equal([orphan], world.Orders.Prepared);
        var branch = Assert.Single((await world.Coordinator.Operators.ReconcileAsync()).Branches);
        Assert.Equal(PreparedKind.Quarantined, branch.Plan.Kind);

        await world.Coordinator.Operators.ResolveAsync(orphan.Transaction, Decision.Commit, "the order is in the shop's books");
        Assert.Equal(BranchOutcome.Committed, world.Orders.OutcomeOf(orphan));
        // A scan may have planned the same in this moment: whoever comes second has something to prove the end by.
        Assert.Equal("listed-orders", world.Orders.EvidenceBrought);
        var decision = await world.Log.FindDecisionAsync(orphan.Transaction);
        Assert.Equal("listed-orders", Assert.Single(decision!.Branches).Evidence);
    }

    /// <summary>A prepared branch is presumed aborted, while somebody ends it by hand. Expected: the rollback can tell how it ended.</summary>
    [Fact]
    public async Task Scan_RollsBackWithTheListedEvidence()
    {
        await using var world = await World.StartAsync();
        var orphan = new BranchId(TransactionId.Create(world.Coordinator.Cluster, world.Coordinator.Epoch, 999, 1), new BranchName("orders", "aaaaaaaa"));
        world.Orders.Set(orphan, BranchOutcome.Prepared);

        await world.Coordinator.ScanAsync(world.OrdersInstance);

        Assert.Equal(BranchOutcome.RolledBack, world.Orders.OutcomeOf(orphan));
        Assert.Equal("listed-orders", world.Orders.EvidenceBrought);
    }

    /// <summary>
    /// The log was restored from a backup that lacks whole starts, and a branch of one of them is prepared. Expected:
    /// quarantined, and an operator can settle it, though no such start exists in the log.
    /// </summary>
    [Theory]
    [InlineData(Decision.Commit, BranchOutcome.Committed)]
    [InlineData(Decision.Abort, BranchOutcome.RolledBack)]
    public async Task Resolve_BranchOfAStartThatTheLogLost_SettlesIt_R7(Decision decision, BranchOutcome expected)
    {
        await using var world = await World.StartAsync();
        var lost = new Epoch(world.Coordinator.Epoch.Number + 5, 1);
        var orphan = new BranchId(TransactionId.Create(world.Coordinator.Cluster, lost, 7, 1), new BranchName("orders", "aaaaaaaa"));
        world.Orders.Set(orphan, BranchOutcome.Prepared);

        var branch = Assert.Single((await world.Coordinator.Operators.ReconcileAsync()).Branches);
        Assert.Equal(PreparedKind.Quarantined, branch.Plan.Kind);
        await world.Coordinator.Operators.ResolveAsync(orphan.Transaction, decision, "as the shop's books say");

        Assert.Equal(expected, world.Orders.OutcomeOf(orphan));
    }

    /// <summary>
    /// A transaction committed, retention has passed, and its database brings a branch back as prepared. Expected:
    /// quarantined (R5); an operator can commit it again, and cannot split it by rolling it back.
    /// </summary>
    [Fact]
    public async Task Resolve_CommittedAndTrimmed_CommitsAgainOnly_R5()
    {
        await using var world = await World.StartAsync(world => world.Options = world.Options with
        {
            Retention = TimeSpan.FromSeconds(1),
            TrimInterval = TimeSpan.FromSeconds(1),
        });
        var id = await world.BeginWithWorkAsync();
        await world.CommitAsync(id);
        // The end of the first rides along with a later forced record.
        await world.CommitAsync(await world.BeginWithWorkAsync());
        await world.AdvanceUntilAsync(() => world.Log.Horizon?.Covers(id) == true, "the decision is trimmed");
        world.Orders.Set(world.OrdersBranch(id), BranchOutcome.Prepared);

        await Assert.ThrowsAsync<RefusedException>(() => world.Coordinator.Operators.ResolveAsync(id, Decision.Abort, "a slip"));
        Assert.Equal(BranchOutcome.Prepared, world.Orders.OutcomeOf(world.OrdersBranch(id)));
        await world.Coordinator.Operators.ResolveAsync(id, Decision.Commit, "it committed");

        Assert.Equal(BranchOutcome.Committed, world.Orders.OutcomeOf(world.OrdersBranch(id)));
    }

    /// <summary>A name is claimed by another database. Expected: refused, nothing changed.</summary>
    [Fact]
    public async Task Attach_AnotherDatabaseUnderAKnownName_IsRefused()
    {
        await using var world = await World.StartAsync();
        var impostor = new FakeDatabase("orders", world.Trace) { Identity = new ResourceIdentity(ResourceKind.Postgres, "elsewhere", "orders", "row") };

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => world.Coordinator.AttachAsync(impostor.Attach("ffffffff")));

        Assert.Equal(Reasons.ParticipantIdentityConflict, refusal.Reason);
        Assert.Single(world.Coordinator.Operators.Participants().Single(p => p.Record.Name == "orders").Instances);
    }

    /// <summary>A participant that never comes back is removed. Expected: its branch is a hazard, the transaction ends.</summary>
    [Fact]
    public async Task RemoveParticipant_WithUndeliveredBranches_MakesThemHazards()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        world.Log.AfterDecision = _ =>
        {
            world.OrdersInstance.IsGone = true;
            world.Coordinator.Detach(world.OrdersInstance);
            return Task.CompletedTask;
        };
        var commit = world.CommitAsync(id);
        await world.AdvanceUntilAsync(() => commit.IsCompleted, "the commit is answered");

        Assert.Equal(1, await world.Coordinator.Operators.RemoveParticipantAsync("orders", "the disk is gone"));

        await Eventually.AssertAsync(
            async () => (await world.Coordinator.GetAsync(id)).Outcome == Outcome.HeuristicHazard, TimeSpan.FromSeconds(5), "the hazard is shown");
    }

    [Fact]
    public async Task Begin_TooManyOpen_IsRefusedClearly()
    {
        await using var world = await World.StartAsync(w => w.Options = w.Options with { MaxOpenTransactions = 2 });
        await world.BeginAsync();
        await world.BeginAsync();

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => world.BeginAsync());

        Assert.Equal(RefusalKind.ResourceExhausted, refusal.Kind);
        Assert.Contains("MaxOpenTransactions", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enlist_AsManyBranchesAsTheDatabaseHolds_RefusesTheNext()
    {
        await using var world = await World.StartAsync(w => w.Orders.MaxBranches = 1);
        var first = await world.BeginAsync();
        world.Enlist(world.OrdersInstance, first);

        var second = await world.BeginAsync();
        var refusal = Assert.Throws<EnlistmentRefusedException>(() => world.Enlist(world.OrdersInstance, second));
        Assert.Equal(Reasons.Overloaded, refusal.Reason);

        await world.Coordinator.RollbackAsync(first, "", CancellationToken.None);
        world.Enlist(world.OrdersInstance, second);
    }

    [Fact]
    public async Task Drain_BeginIsRefusedAndCommittingWorkEnds()
    {
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();
        var hold = new TaskCompletionSource();
        world.Orders.Before("commit", _ => hold.Task);
        var commit = world.CommitAsync(id);
        await Eventually.AssertAsync(() => world.Trace.Count("orders: commit") == 1, TimeSpan.FromSeconds(5), "delivery begins");

        var drain = world.Coordinator.DrainAsync();
        Assert.Equal(Reasons.Draining, (await Assert.ThrowsAsync<RefusedException>(() => world.BeginAsync())).Reason);
        Assert.False(drain.IsCompleted);
        hold.SetResult();

        await drain.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(Outcome.Committed, (await commit).Outcome);
    }
}
