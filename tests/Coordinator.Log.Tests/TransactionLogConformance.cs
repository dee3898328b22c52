using static Coordinator.Log.Tests.Records;

namespace Coordinator.Log.Tests;

/// <summary>What every store promises. A store's tests inherit it.</summary>
public abstract class TransactionLogConformance : IAsyncLifetime
{
    private readonly List<ITransactionLog> _logs = [];

    /// <summary>A log on the one storage of this test, not yet open.</summary>
    protected abstract ITransactionLog Create();

    /// <summary>Lets the log's process die: nothing that is not durable yet becomes so.</summary>
    protected abstract Task CrashAsync(ITransactionLog log);

    /// <summary>Makes the next write's outcome unknown.</summary>
    protected abstract void FailNextWrite(bool isWritten);

    public Task InitializeAsync() => Task.CompletedTask;

    public virtual async Task DisposeAsync()
    {
        foreach (var log in _logs)
            await log.DisposeAsync();
    }

    protected async Task<(ITransactionLog Log, OpenedLog Opened)> OpenAsync()
    {
        var log = Create();
        _logs.Add(log);
        return (log, await log.OpenAsync(new SeededIds(_logs.Count)));
    }

    private async Task<(ITransactionLog Log, OpenedLog Opened)> RestartAsync(ITransactionLog log)
    {
        await log.DisposeAsync();
        return await OpenAsync();
    }

    private async Task<(ITransactionLog Log, OpenedLog Opened)> CrashAndOpenAsync(ITransactionLog log)
    {
        await CrashAsync(log);
        return await OpenAsync();
    }

    [Fact]
    public async Task Open_New_BeginsEpochOneAtPositionOne()
    {
        var (log, opened) = await OpenAsync();

        Assert.True(opened.IsNew);
        Assert.Equal(1, opened.Epoch.Number);
        Assert.Equal(1, opened.End);
        Assert.Equal(1, log.DurableEnd);
        Assert.Empty(opened.Unfinished);
        Assert.Null(opened.Horizon);
        Assert.Null(opened.RestoredBefore);
    }

    [Fact]
    public async Task Open_Again_KeepsTheClusterAndBeginsTheNextEpoch()
    {
        var (first, opened) = await OpenAsync();
        var (_, again) = await RestartAsync(first);

        Assert.False(again.IsNew);
        Assert.Equal(opened.Cluster, again.Cluster);
        Assert.Equal(2, again.Epoch.Number);
        Assert.NotEqual(opened.Epoch.Nonce, again.Epoch.Nonce);
    }

    [Fact]
    public async Task Open_WhileAnotherHasIt_IsRefused()
    {
        await OpenAsync();
        var other = Create();
        await using (other)
        {
            var refused = await Assert.ThrowsAsync<LogRefusedException>(() => other.OpenAsync(new SeededIds(9)));
            Assert.Contains("in use by another process", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Use_BeforeOpening_IsMisuse()
    {
        await using var log = Create();
    }

    [Fact]
    public async Task Use_AfterDisposal_IsMisuse()
    {
        var (log, opened) = await OpenAsync();
        await log.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => log.DecideAsync(Decide(opened, 1)));
    }

    [Fact]
    public async Task R1_Decide_ThenCrash_IsUnfinishedWithAllItsFields()
    {
        var (log, opened) = await OpenAsync();
        var commit = Decide(opened, 1, key: "order-1");
        var abort = Decide(opened, 2, Decision.Abort);
        await log.DecideAsync(commit);
        await log.DecideAsync(abort);

        var (_, again) = await CrashAndOpenAsync(log);

        Assert.Equal(2, again.Unfinished.Count);
        AssertSame(commit, again.Unfinished[0]);
        AssertSame(abort, again.Unfinished[1]);
    }

    [Theory]
    [InlineData(Decision.Commit, Decision.Abort)]
    [InlineData(Decision.Abort, Decision.Commit)]
    public async Task R2_Decide_Twice_TheFirstStands(Decision first, Decision second)
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1, first));
        var end = log.DurableEnd;

        var standing = await log.DecideAsync(Decide(opened, 1, second));

        Assert.Equal(first, standing.Decision);
        Assert.Equal(end, log.DurableEnd);
        var (after, _) = await RestartAsync(log);
        Assert.Equal(first, (await after.DecideAsync(Decide(opened, 1, second))).Decision);
    }

    [Fact]
    public async Task R2_Decide_ManyAtOnceUnderOneId_AllHearTheSame()
    {
        var (log, opened) = await OpenAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(
            () => log.DecideAsync(Decide(opened, 1, i % 2 == 0 ? Decision.Commit : Decision.Abort)))));

        Assert.Single(answers.Select(answer => answer.Decision).Distinct());
        Assert.Equal(2, log.DurableEnd);
    }

    [Fact]
    public async Task Find_KnowsDecisionsByIdAndKey_AlsoAfterARestart()
    {
        var (log, opened) = await OpenAsync();
        var decision = Decide(opened, 1, key: "order-1");
        await log.DecideAsync(decision);
        await log.DecideAsync(Decide(opened, 2));
        for (var round = 0; round < 2; round++)
        {
            AssertSame(decision, await log.FindDecisionAsync(decision.Transaction));
            AssertSame(decision, await log.FindByIdempotencyKeyAsync("order-1"));
            Assert.Null(await log.FindDecisionAsync(Id(opened, 3)));
            Assert.Null(await log.FindByIdempotencyKeyAsync("order-2"));
            (log, _) = await RestartAsync(log);
        }
    }

    [Fact]
    public async Task FindByIdempotencyKey_UsedTwice_GivesTheFirst()
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1, key: "order-1"));
        await log.DecideAsync(Decide(opened, 2, key: "order-1"));

        Assert.Equal(1, (await log.FindByIdempotencyKeyAsync("order-1"))!.Transaction.Sequence);
    }

    [Fact]
    public async Task Append_End_TheDecisionIsFinishedButFound()
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1));
        await log.DecideAsync(Decide(opened, 2));
        await log.AppendAsync(new EndRecord(Id(opened, 1), Noon), Durability.Forced);

        var (after, again) = await CrashAndOpenAsync(log);

        Assert.Equal(2, Assert.Single(again.Unfinished).Transaction.Sequence);
        Assert.NotNull(await after.FindDecisionAsync(Id(opened, 1)));
    }

    [Fact]
    public async Task Append_Lazy_RidesAlongWithTheNextForcedRecord()
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1));
        await log.AppendAsync(new EndRecord(Id(opened, 1), Noon), Durability.Lazy);
        await log.DecideAsync(Decide(opened, 2));

        Assert.Equal(4, log.DurableEnd);
        var (_, again) = await CrashAndOpenAsync(log);
        Assert.Equal(2, Assert.Single(again.Unfinished).Transaction.Sequence);
    }

    [Fact]
    public async Task Append_LazyThenDispose_IsKept()
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1));
        await log.AppendAsync(new EndRecord(Id(opened, 1), Noon), Durability.Lazy);

        var (_, again) = await RestartAsync(log);

        Assert.Empty(again.Unfinished);
    }

    [Fact]
    public async Task Append_LazyThenCrash_IsLost()
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1));
        await log.AppendAsync(new EndRecord(Id(opened, 1), Noon), Durability.Lazy);

        var (_, again) = await CrashAndOpenAsync(log);

        Assert.Single(again.Unfinished);
    }

    [Fact]
    public async Task Append_Decision_IsMisuse()
    {
        var (log, opened) = await OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => log.AppendAsync(Decide(opened, 1), Durability.Forced));
    }

    [Fact]
    public async Task Append_EveryKind_IsFoundAtTheNextStart()
    {
        var (log, opened) = await OpenAsync();
        var mixed = new HeuristicRecord(new BranchId(Id(opened, 1), Branch("billing")), Decision.Commit, BranchOutcome.RolledBack, "found rolled back", Noon);
        var dealtWith = mixed with { Branch = new BranchId(Id(opened, 2), Branch("billing")) };
        await log.AppendAsync(new ParticipantRecord("inventory", Resource, Noon), Durability.Forced);
        await log.AppendAsync(new ParticipantRecord("billing", Resource with { Database = "bills" }, Noon), Durability.Forced);
        await log.AppendAsync(new ParticipantRemovedRecord("inventory", "decommissioned", Noon), Durability.Forced);
        await log.AppendAsync(mixed, Durability.Forced);
        await log.AppendAsync(dealtWith, Durability.Forced);
        await log.AppendAsync(new ForgottenRecord(dealtWith.Branch.Transaction, "seen", Noon), Durability.Forced);
        await log.AppendAsync(new ResolvedRecord(Id(opened, 3), Branch("billing"), Decision.Abort, "by hand", Noon), Durability.Forced);
        await log.AppendAsync(new RestoredRecord(7, "from tape", Noon), Durability.Forced);

        var (_, again) = await CrashAndOpenAsync(log);

        Assert.Equal("bills", Assert.Single(again.Participants).Resource.Database);
        Assert.Equal(mixed, Assert.Single(again.Heuristics));
        Assert.Equal(7, again.RestoredBefore);
        Assert.Equal(8, again.Epoch.Number);
        Assert.Equal(10, again.End);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R4_Decide_OutcomeUnknown_AllFailUntilReopenedAndThenOneAnswerStands(bool isWritten)
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1));
        FailNextWrite(isWritten);
        await Assert.ThrowsAsync<LogOutcomeUnknownException>(() => log.DecideAsync(Decide(opened, 2)));
        await Assert.ThrowsAsync<LogOutcomeUnknownException>(() => log.DecideAsync(Decide(opened, 3)));
        await Assert.ThrowsAsync<LogOutcomeUnknownException>(() => log.AppendAsync(new EndRecord(Id(opened, 1), Noon), Durability.Lazy));
        await Assert.ThrowsAsync<LogOutcomeUnknownException>(() => log.FindDecisionAsync(Id(opened, 2)));
        await Assert.ThrowsAsync<LogOutcomeUnknownException>(() => log.TrimAsync(Noon));

        var reopened = await log.ReopenAsync();

        Assert.Equal(opened.Epoch, reopened.Epoch);
        Assert.Equal(isWritten ? [1, 2] : [1], reopened.Unfinished.Select(decision => decision.Transaction.Sequence));
        var standing = await log.DecideAsync(Decide(opened, 2, Decision.Abort));
        Assert.Equal(isWritten ? Decision.Commit : Decision.Abort, standing.Decision);
        var (after, _) = await CrashAndOpenAsync(log);
        Assert.Equal(standing.Decision, (await after.FindDecisionAsync(Id(opened, 2)))!.Decision);
        Assert.NotNull(await after.FindDecisionAsync(Id(opened, 1)));
    }

    [Fact]
    public async Task R5_Trim_RemovesWhatEndedBefore_AndMovesTheHorizonFirst()
    {
        var (log, opened) = await OpenAsync();
        await log.AppendAsync(new ParticipantRecord("inventory", Resource, Noon), Durability.Forced);
        for (var i = 1; i <= 6; i++)
            await log.DecideAsync(Decide(opened, i, key: $"order-{i}"));
        var heuristic = new HeuristicRecord(new BranchId(Id(opened, 1), Branch("billing")), Decision.Commit, BranchOutcome.Unknown, "gone", Noon);
        await log.AppendAsync(heuristic, Durability.Forced);
        foreach (var i in (int[])[1, 2, 4])
            await log.AppendAsync(new EndRecord(Id(opened, i), Noon), Durability.Forced);
        await log.AppendAsync(new EndRecord(Id(opened, 5), Noon.AddDays(1)), Durability.Forced);
        var end = log.DurableEnd;

        Assert.Equal(3, (await log.TrimAsync(Noon.AddHours(1))).Transactions);
        Assert.Equal(0, (await log.TrimAsync(Noon.AddHours(1))).Transactions);

        Assert.True(log.DurableEnd > end);
        for (var round = 0; round < 2; round++)
        {
            foreach (var i in (int[])[1, 2, 4])
            {
                Assert.Null(await log.FindDecisionAsync(Id(opened, i)));
                Assert.Null(await log.FindByIdempotencyKeyAsync($"order-{i}"));
            }

            foreach (var i in (int[])[3, 5, 6])
                AssertSame(Decide(opened, i, key: $"order-{i}"), await log.FindDecisionAsync(Id(opened, i)));
            OpenedLog again;
            (log, again) = await CrashAndOpenAsync(log);
            Assert.Equal(new Horizon(1, 4), again.Horizon);
            Assert.Equal([3, 6], again.Unfinished.Select(decision => decision.Transaction.Sequence));
            Assert.Equal(heuristic, Assert.Single(again.Heuristics));
            Assert.Equal("inventory", Assert.Single(again.Participants).Name);
            Assert.Equal(opened.Cluster, again.Cluster);
            Assert.Equal(2 + round, again.Epoch.Number);
        }
    }

    [Fact]
    public async Task R5_Trim_AgainAndAgain_KeepsTheFurthestHorizonAndWhatIsUnfinished()
    {
        var (log, opened) = await OpenAsync();
        await log.DecideAsync(Decide(opened, 1000));
        for (var day = 0; day < 5; day++)
        {
            for (var i = 1; i <= 4; i++)
            {
                var sequence = (4 - day) * 4 + i;
                await log.DecideAsync(Decide(opened, sequence));
                await log.AppendAsync(new EndRecord(Id(opened, sequence), Noon.AddDays(day)), Durability.Lazy);
            }

            Assert.Equal(day == 0 ? 0 : 4, (await log.TrimAsync(Noon.AddDays(day))).Transactions);
        }

        await log.AppendAsync(new EndRecord(Id(opened, 1000), Noon.AddDays(5)), Durability.Forced);
        Assert.Equal(4, (await log.TrimAsync(Noon.AddDays(5))).Transactions);
        Assert.Equal(1, (await log.TrimAsync(Noon.AddDays(6))).Transactions);

        var (_, again) = await CrashAndOpenAsync(log);
        Assert.Equal(new Horizon(1, 1000), again.Horizon);
        Assert.Empty(again.Unfinished);
    }

    [Fact]
    public async Task Statistics_CountRecordsAndDurableWrites()
    {
        var (log, opened) = await OpenAsync();
        var before = log.Statistics;
        await log.DecideAsync(Decide(opened, 1));
        await log.DecideAsync(Decide(opened, 2));

        Assert.Equal(before.Records + 2, log.Statistics.Records);
        Assert.Equal(before.ForcedWrites + 2, log.Statistics.ForcedWrites);
        Assert.True(log.Statistics.Bytes > before.Bytes + 200);
    }

    [Fact]
    public async Task Decide_AboveALimit_IsRefusedAndTheLogGoesOn()
    {
        var (log, opened) = await OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => log.DecideAsync(Decide(opened, 1, key: new string('k', 2000))));
        await log.DecideAsync(Decide(opened, 1));
    }
}
