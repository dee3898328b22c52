using System.Data.Common;
using Coordinator.Testing;

namespace Coordinator.ResourceManagers.Tests;

/// <summary>What every resource manager does alike, on every database.</summary>
public abstract partial class ResourceManagerConformance : IAsyncLifetime
{
    private readonly string _participant = TestIds.NewParticipant();

    protected TestDatabase Database { get; private set; } = null!;

    protected IResourceManager Resource { get; private set; } = null!;

    protected abstract DatabaseKind Kind { get; }

    protected abstract Task<TestDatabase> GetDatabaseAsync();

    public async Task InitializeAsync()
    {
        Database = await GetDatabaseAsync();
        Resource = Database.CreateResource();
        await Resource.AttachAsync(default);
    }

    /// <summary>Every test leaves nothing prepared.</summary>
    public async Task DisposeAsync()
    {
        await AssertNothingPreparedAsync();
        await Resource.DisposeAsync();
    }

    [Fact]
    public async Task Attach_Twice_FindsTheSameIdentity()
    {
        var first = await Resource.AttachAsync(default);
        await using var other = Database.CreateResource();
        var second = await other.AttachAsync(default);

        Assert.Equal(first.Identity, second.Identity);
        Assert.Equal(first.ServerStart, second.ServerStart);
        Assert.Equal(Resource.Kind, first.Identity.Kind);
        Assert.Equal(Kind.ToString(), first.Identity.Kind.ToString());
        Assert.Equal(Database.Name, first.Identity.Database);
        Assert.True(first.MaxBranches > 0);
    }

    [Fact]
    public async Task Attach_FromManyAtOnce_AllFindOneIdentity()
    {
        var database = await TestDatabase.CreateAsync(Database.Server);
        var resources = Enumerable.Range(0, 8).Select(_ => database.CreateResource()).ToList();
        var attached = await Task.WhenAll(resources.Select(resource => resource.AttachAsync(default)));
        foreach (var resource in resources)
            await resource.DisposeAsync();

        Assert.Single(attached.Select(attachment => attachment.Identity).Distinct());
    }

    [Fact]
    public async Task Remember_NeverMovesBackwards()
    {
        var cluster = TestIds.NewCluster();
        await Resource.RememberAsync(TestIds.Mark(cluster, epoch: 3, position: 100), default);
        await Resource.RememberAsync(TestIds.Mark(cluster, epoch: 2, position: 50), default);
        Assert.Equal(TestIds.Mark(cluster, epoch: 3, position: 100), await ReadMarkAsync(cluster));

        await Resource.RememberAsync(TestIds.Mark(cluster, epoch: 3, position: 120), default);
        await Resource.RememberAsync(TestIds.Mark(cluster, epoch: 3, position: 110), default);
        await Resource.RememberAsync(TestIds.Mark(cluster, epoch: 2, position: 500), default);
        Assert.Equal(TestIds.Mark(cluster, epoch: 3, position: 120), await ReadMarkAsync(cluster));
    }

    // A log restored from a backup goes on at an earlier position: the old epoch's one would call the new epoch's log lost
    // at every attachment.
    [Fact]
    public async Task Remember_NewerEpoch_TakesItsOwnPosition_R7()
    {
        var cluster = TestIds.NewCluster();
        await Resource.RememberAsync(TestIds.Mark(cluster, epoch: 5, position: 300), default);
        await Resource.RememberAsync(TestIds.Mark(cluster, epoch: 6, position: 152), default);

        Assert.Equal(TestIds.Mark(cluster, epoch: 6, position: 152), await ReadMarkAsync(cluster));
    }

    [Fact]
    public async Task Remember_OtherStartWithTheSameNumber_ChangesNothing_R7()
    {
        var cluster = TestIds.NewCluster();
        var first = TestIds.Mark(cluster, epoch: 5, position: 300);
        await Resource.RememberAsync(first, default);
        await Resource.RememberAsync(first with { Epoch = new Epoch(5, first.Epoch.Nonce + 1), Position = 400 }, default);

        Assert.Equal(first, await ReadMarkAsync(cluster));
    }

    [Fact]
    public async Task Commit_AfterPrepare_MakesTheWorkVisible()
    {
        var (session, row) = await BeginWithRowAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.False(await Database.HasRowAsync(row));
        Assert.True(vote.Evidence!.Length <= 256);
        Assert.Contains((await Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);

        Assert.Equal(BranchOutcome.Committed, (await session.CommitAsync(default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Commit_ById_Repeated_IsCommittedByProof()
    {
        var (session, row) = await BeginWithRowAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await session.DisposeAsync();

        for (var i = 0; i < 3; i++)
            Assert.Equal(BranchOutcome.Committed, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
    }

    /// <summary>
    /// Scenario: between a scan and the command that follows it, somebody else finishes the branch, either way.
    /// Expected: the command proves how it ended, by what the scan brought and nothing else.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Scan_BranchFinishedByAnotherMeanwhile_TheListedEvidenceProvesIt(bool committed)
    {
        // Another that is prepared before it, so that none is over between the two.
        var (earlier, _) = await BeginWithRowAsync();
        Assert.IsType<Vote.Prepared>(await earlier.PrepareAsync(default));
        var (session, _) = await BeginWithRowAsync();
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        var listed = Assert.Single((await Resource.ListPreparedAsync(default)).Branches, branch => branch.Id == session.Id);
        _ = committed ? await session.CommitAsync(default) : await session.RollbackAsync(default);

        var expected = committed ? BranchOutcome.Committed : BranchOutcome.RolledBack;
        Assert.Equal(expected, (await Resource.CommitAsync(session.Id, listed.Evidence, default)).Outcome);
        Assert.Equal(expected, (await Resource.RollbackAsync(session.Id, listed.Evidence, default)).Outcome);
        Assert.Equal(expected, (await Resource.FindOutcomeAsync(session.Id, listed.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, (await earlier.RollbackAsync(default)).Outcome);
    }

    [Fact]
    public async Task Rollback_AfterPrepare_LeavesNothing()
    {
        var (session, row) = await BeginWithRowAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);

        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Rollback_OfABranchNeverSeen_IsRolledBack() =>
        Assert.Equal(
            BranchOutcome.RolledBack, (await Resource.RollbackAsync(TestIds.NewBranch(_participant), null, default)).Outcome);

    [Fact]
    public async Task Rollback_OfAnActiveBranchFromElsewhere_EndsItsSession()
    {
        var (session, row) = await BeginWithRowAsync();
        await using var other = Database.CreateResource();
        await other.AttachAsync(default);
        Assert.Equal(BranchOutcome.Active, (await other.FindOutcomeAsync(session.Id, null, default)).Outcome);

        Assert.Equal(BranchOutcome.RolledBack, (await other.RollbackAsync(session.Id, null, default)).Outcome);
        await Assert.ThrowsAnyAsync<DbException>(() => session.PrepareAsync(default));
        Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Commit_FromAnotherInstance_AfterThePreparingOneIsGone_Commits()
    {
        await using var first = Database.CreateResource();
        await first.AttachAsync(default);
        var row = TestDatabase.NewRow();
        var session = await first.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
        await session.InsertAsync(row);
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await first.DisposeAsync();

        Assert.Equal(BranchOutcome.Prepared, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.Committed, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Finish_FromAnotherInstance_WhileThePreparingOneLives_Works(bool commit)
    {
        var (session, row) = await BeginWithRowAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await using var other = Database.CreateResource();
        await other.AttachAsync(default);

        var expected = commit ? BranchOutcome.Committed : BranchOutcome.RolledBack;
        var report = commit
            ? await other.CommitAsync(session.Id, vote.Evidence, default)
            : await other.RollbackAsync(session.Id, vote.Evidence, default);
        Assert.Equal(expected, report.Outcome);
        Assert.Equal(commit, await Database.HasRowAsync(row));
        Assert.Equal(expected, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FinishedByHand_IsToldAsItWas(bool commit)
    {
        await using var first = Database.CreateResource();
        await first.AttachAsync(default);
        var session = await first.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
        await session.InsertAsync(TestDatabase.NewRow());
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        // MariaDB lets nobody finish it while its session lives.
        await first.DisposeAsync();
        await Eventually.AssertAsync(
            async () => await Record.ExceptionAsync(() => Database.FinishByHandAsync(session.Id, commit)) is null,
            TimeSpan.FromSeconds(10),
            "the branch can be finished by hand");

        var expected = commit ? BranchOutcome.Committed : BranchOutcome.RolledBack;
        Assert.Equal(expected, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(expected, (await Resource.CommitAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(expected, (await Resource.RollbackAsync(session.Id, vote.Evidence, default)).Outcome);
    }

    [Fact]
    public async Task Prepare_AfterAFailedStatement_VotesNo()
    {
        var (session, row) = await BeginWithRowAsync();
        await Assert.ThrowsAnyAsync<DbException>(() => session.InsertAsync(row));
        Assert.NotNull(session.PoisonReason);

        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Prepare_Poisoned_VotesNoWithTheFirstReason()
    {
        var (session, row) = await BeginWithRowAsync();
        session.Poison("the first");
        session.Poison("the second");

        Assert.Equal("the first", Assert.IsType<Vote.No>(await session.PrepareAsync(default)).Reason);
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Prepare_WithAReaderStillOpen_VotesNo()
    {
        var (session, row) = await BeginWithRowAsync();
        await using var command = session.Connection.CreateCommand();
        command.CommandText = "SELECT id FROM account";
        await command.ExecuteReaderAsync();

        Assert.Contains("running", Assert.IsType<Vote.No>(await session.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Prepare_WithAStatementStillRunning_VotesNo()
    {
        var (session, row) = await BeginWithRowAsync();
        var running = session.Connection.ExecuteAsync(Database.IsPostgres ? "SELECT pg_sleep(30)" : "SELECT SLEEP(30)");
        await Eventually.AssertAsync(
            async () => await IsSleepingAsync(), TimeSpan.FromSeconds(5), "the statement runs");

        Assert.Contains("running", Assert.IsType<Vote.No>(await session.PrepareAsync(default)).Reason, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => running.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Work_ThatEndsTheTransaction_IsRefused()
    {
        var (session, row) = await BeginWithRowAsync();
        foreach (var statement in (string[])["COMMIT", " rollback;", "BEGIN", "PREPARE TRANSACTION 'x'", "xa end 'x'"])
            await Assert.ThrowsAsync<InvalidOperationException>(() => session.Connection.ExecuteAsync(statement));

        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task Work_AfterPrepare_IsRefused()
    {
        var (session, _) = await BeginWithRowAsync();
        Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));

        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => session.InsertAsync(TestDatabase.NewRow()));
        Assert.Equal(BranchOutcome.RolledBack, (await session.RollbackAsync(default)).Outcome);
    }

    [Fact]
    public async Task Dispose_Unprepared_RollsBack()
    {
        var (session, row) = await BeginWithRowAsync();
        await session.DisposeAsync();

        Assert.False(await Database.HasRowAsync(row));
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(session.Id, null, default)).Outcome);
    }

    [Fact]
    public async Task Dispose_Prepared_LeavesItPrepared()
    {
        var (session, row) = await BeginWithRowAsync();
        var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
        await session.DisposeAsync();

        Assert.Equal(BranchOutcome.Prepared, (await Resource.FindOutcomeAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.Equal(BranchOutcome.RolledBack, (await Resource.RollbackAsync(session.Id, vote.Evidence, default)).Outcome);
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task CommitOnePhase_Commits()
    {
        var (session, row) = await BeginWithRowAsync();
        Assert.Equal(BranchOutcome.Committed, (await session.CommitOnePhaseAsync(default)).Outcome);
        Assert.True(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task CommitOnePhase_Poisoned_RollsBack()
    {
        var (session, row) = await BeginWithRowAsync();
        session.Poison("no");
        Assert.Equal(BranchOutcome.RolledBack, (await session.CommitOnePhaseAsync(default)).Outcome);
        Assert.False(await Database.HasRowAsync(row));
    }

    [Fact]
    public async Task LockTimeout_IsTheBranchOptions()
    {
        var (holder, row) = await BeginWithRowAsync();
        var waiter = await Resource.BeginAsync(TestIds.NewBranch(_participant), new BranchOptions(TimeSpan.FromSeconds(1)), default);
        await Assert.ThrowsAnyAsync<DbException>(() => waiter.InsertAsync(row));

        Assert.IsType<Vote.No>(await waiter.PrepareAsync(default));
        Assert.IsType<Vote.Prepared>(await holder.PrepareAsync(default));
        Assert.Equal(BranchOutcome.Committed, (await holder.CommitAsync(default)).Outcome);
    }

    [Fact]
    public async Task Phase2_WithAllWorkSessionsTaken_StillCommits()
    {
        await using var narrow = Database.CreateResource(workPoolSize: 2);
        await narrow.AttachAsync(default);
        var prepared = await narrow.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
        await prepared.InsertAsync(TestDatabase.NewRow());
        Assert.IsType<Vote.Prepared>(await prepared.PrepareAsync(default));
        var others = new List<IBranchSession>();
        for (var i = Database.Server.Kind == DatabaseKind.MariaDb ? 1 : 0; i < 2; i++)
            others.Add(await narrow.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default));

        Assert.Equal(BranchOutcome.Committed, (await prepared.CommitAsync(default)).Outcome);
        foreach (var other in others)
            await other.DisposeAsync();
    }

    [Fact]
    public async Task ManyAtOnce_AllFinish()
    {
        var reports = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            var (session, row) = await BeginWithRowAsync();
            var vote = Assert.IsType<Vote.Prepared>(await session.PrepareAsync(default));
            var report = i % 4 == 0
                ? await Resource.RollbackAsync(session.Id, vote.Evidence, default)
                : await Resource.CommitAsync(session.Id, vote.Evidence, default);
            return (row, report.Outcome, Expected: i % 4 == 0 ? BranchOutcome.RolledBack : BranchOutcome.Committed);
        }));

        Assert.All(reports, report => Assert.Equal(report.Expected, report.Outcome));
        var rows = (await Database.QueryAsync("SELECT id FROM account;")).ToHashSet();
        Assert.All(reports, report => Assert.Equal(report.Outcome == BranchOutcome.Committed, rows.Contains($"{report.row}")));
    }

    [Fact]
    public async Task Cancelled_Work_PoisonsTheBranch()
    {
        var (session, row) = await BeginWithRowAsync();
        using var cancel = new CancellationTokenSource();
        var running = session.Connection.ExecuteAsync(Database.IsPostgres ? "SELECT pg_sleep(30)" : "SELECT id, SLEEP(30) FROM account WHERE id = " + row, cancel.Token);
        await Eventually.AssertAsync(async () => await IsSleepingAsync(), TimeSpan.FromSeconds(5), "the statement runs");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(5)));

        Assert.IsType<Vote.No>(await session.PrepareAsync(default));
        Assert.False(await Database.HasRowAsync(row));
    }

    protected async Task<(IBranchSession Session, int Row)> BeginWithRowAsync()
    {
        var row = TestDatabase.NewRow();
        var session = await Resource.BeginAsync(TestIds.NewBranch(_participant), TestWork.Options, default);
        await session.InsertAsync(row);
        return (session, row);
    }

    private async Task<bool> IsSleepingAsync()
    {
        var rows = await Database.QueryAsync(Database.IsPostgres
            ? "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database();"
            : $"SELECT 1 FROM information_schema.processlist WHERE db = '{Database.Name}' AND state = 'User sleep';");
        return rows.Count > 0;
    }

    private async Task<CoordinatorMark> ReadMarkAsync(ClusterId cluster) =>
        Assert.Single((await Resource.AttachAsync(default)).Marks, mark => mark.Cluster == cluster);

    private async Task AssertNothingPreparedAsync()
    {
        var scan = await Resource.ListPreparedAsync(default);
        Assert.DoesNotContain(scan.Branches, branch => branch.Id?.Branch.Participant == _participant);
    }
}
