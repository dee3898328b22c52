using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Participant.Attach;
using Coordinator.Participant.Tests.Fakes;
using Coordinator.Testing;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Tests.Attach;

public sealed class AttachmentTests : IAsyncLifetime
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    private readonly FakeResourceManager _resources = new();
    private readonly LogRecorder _log = new();
    private FakeCoordinator _coordinator = null!;
    private IHost? _host;

    public async Task InitializeAsync() => _coordinator = await FakeCoordinator.StartAsync();

    public async Task DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            await ((IAsyncDisposable)_host).DisposeAsync();
        }

        await _coordinator.DisposeAsync();
    }

    [Fact]
    public async Task Attach_Registers_WithWhatTheDatabaseRemembers_R7()
    {
        _resources.Marks.Add(new CoordinatorMark(Ids.Cluster, Ids.Epoch, 42));
        await StartAsync(options => options.SqlAddress = new Uri("http://10.0.0.5:7080"));

        var register = (await _coordinator.NextStreamAsync()).Register;

        Assert.Equal(("inventory", "4f7c01ab"), (register.Name, register.Instance));
        Assert.Equal(Contracts.V1.ResourceKind.Postgres, register.Resource.Kind);
        Assert.Equal(("server-1", "shop", "row-1"), (register.Resource.Server, register.Resource.Database, register.Resource.Row));
        Assert.Equal(("start-1", 100, "http://10.0.0.5:7080/"), (register.ServerStart, register.MaxBranches, register.SqlAddress));
        var mark = Assert.Single(register.Marks);
        Assert.Equal((Ids.Cluster.Value, Ids.Epoch.ToString(), 42), (mark.Cluster, mark.Epoch, mark.Position));
    }

    /// <summary>
    /// The channel's own pauses after a failed connection default to two minutes, and it fails every call meanwhile: the
    /// coordinator would be back long before its participants.
    /// </summary>
    [Fact]
    public void Channel_PausesAfterAFailedConnection_AreThoseOfTheOptions()
    {
        var options = new ParticipantOptions();

        var channel = CoordinatorAttachment.ChannelOptions(options);

        Assert.Equal((options.ReconnectDelay, options.MaxReconnectDelay), (channel.InitialReconnectBackoff, channel.MaxReconnectBackoff));
        channel.HttpHandler!.Dispose();
    }

    [Fact]
    public async Task Work_IsEnlisted_PreparedAndCommitted()
    {
        var participant = await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        var branch = await WorkAsync(participant);

        var vote = (await stream.SendAsync(command => command.Prepare = Prepare(branch))).Vote;
        Assert.Equal((VoteAnswer.Types.Vote.Prepared, "evidence"), (vote.Vote, vote.Evidence));
        var report = (await stream.SendAsync(command => command.Commit = Commit(branch))).Report;

        Assert.Equal(Contracts.V1.BranchReport.Types.BranchOutcome.Committed, report.Outcome);
        Assert.Equal(BranchOutcome.Committed, _resources.OutcomeOf(branch));
    }

    [Fact]
    public async Task Commands_Duplicated_GetTheStoredAnswer_R9()
    {
        var participant = await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        var branch = await WorkAsync(participant);

        var votes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ =>
            stream.SendAsync(command => command.Prepare = Prepare(branch))));
        var reports = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ =>
            stream.SendAsync(command => command.Commit = Commit(branch))));

        Assert.Single(votes.Select(answer => answer.Vote).Distinct());
        Assert.Single(reports.Select(answer => answer.Report).Distinct());
        Assert.Equal(["session-prepare", "session-commit"], _resources.Trace.Where(step => step is "session-prepare" or "session-commit"));
    }

    [Fact]
    public async Task Command_OlderEpoch_IsRefused_R9()
    {
        var participant = await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        var branch = await WorkAsync(participant);

        var answer = await stream.SendAsync(new Epoch(11, 1), command => command.Rollback = new() { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString() });

        Assert.Contains("older", answer.Failed.Message, StringComparison.Ordinal);
        Assert.Equal(BranchOutcome.Active, _resources.OutcomeOf(branch));
    }

    [Theory]
    [InlineData("not-an-id", "inventory.4f7c01ab")]
    [InlineData("k7q2m9xa-12x9f8e7d6c-45-0123456789abcdef", "'; DROP TABLE x; --.4f7c01ab")]
    [InlineData("", "")]
    public async Task Command_HostileIds_ReachNoDatabase(string transaction, string branch)
    {
        await StartAsync();
        var stream = await _coordinator.NextStreamAsync();

        var answer = await stream.SendAsync(command => command.Commit = new() { TransactionId = transaction, Branch = branch });

        Assert.Equal(Answer.AnswerOneofCase.Failed, answer.AnswerCase);
        Assert.DoesNotContain("commit", _resources.Trace);
    }

    [Fact]
    public async Task Command_Slow_DoesNotHoldUpOthers_R11()
    {
        var participant = await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        var slow = await WorkAsync(participant);
        var answered = new TaskCompletionSource();
        _resources.On("session-prepare", () =>
        {
            _resources.Heal("session-prepare");
            // A driver that blocks the thread before its first await.
            answered.Task.Wait(_limit);
            return Task.CompletedTask;
        });
        var slowVote = stream.SendAsync(command => command.Prepare = Prepare(slow));
        await Eventually.AssertAsync(() => _resources.Trace.Contains("session-prepare"), _limit, "the slow prepare begins");

        var quick = await WorkAsync(participant);
        var vote = await stream.SendAsync(command => command.Prepare = Prepare(quick));

        Assert.Equal(VoteAnswer.Types.Vote.Prepared, vote.Vote.Vote);
        Assert.False(slowVote.IsCompleted);
        answered.SetResult();
        await slowVote;
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Internal)]
    public async Task Stream_EndsWithAStatus_AttachesAgain(StatusCode status)
    {
        var participant = await StartAsync();
        var first = await _coordinator.NextStreamAsync();

        first.Fail(new RpcException(new Status(status, "test")));

        await _coordinator.NextStreamAsync();
        await WorkAsync(participant);
    }

    [Fact]
    public async Task Stream_EndsInOrder_AttachesAgain()
    {
        var participant = await StartAsync();
        (await _coordinator.NextStreamAsync()).End();

        await _coordinator.NextStreamAsync();
        await WorkAsync(participant);
    }

    [Fact]
    public async Task Stream_Dies_PendingEnlistmentsFail_R14()
    {
        var participant = await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        var asked = new TaskCompletionSource();
        _coordinator.OnEnlist = _ =>
        {
            asked.TrySetResult();
            return null;
        };
        await participant.WhenAttachedAsync(default).WaitAsync(_limit);
        var work = participant.EnlistAsync(Ids.NewTransaction(), default);
        await asked.Task.WaitAsync(_limit);

        stream.Fail(new RpcException(new Status(StatusCode.Unavailable, "test")));

        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => work);
        Assert.DoesNotContain("begin", _resources.Trace);
    }

    // Branch: one, prepared. Fault: the stream dies while commit runs.
    // Expected: the commit goes on (R12), and the command sent again on the next stream gets its answer (R9).
    [Fact]
    public async Task Stream_DiesMidCommand_TheCommandGoesOn_R12()
    {
        var participant = await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        var branch = await WorkAsync(participant);
        await stream.SendAsync(command => command.Prepare = Prepare(branch));
        var committing = new TaskCompletionSource();
        _resources.On("session-commit", () => committing.Task);
        _ = stream.SendAsync(command => command.Commit = Commit(branch));
        await Eventually.AssertAsync(() => _resources.Trace.Contains("session-commit"), _limit, "commit begins");

        stream.Fail(new RpcException(new Status(StatusCode.Unavailable, "test")));
        var next = await _coordinator.NextStreamAsync();
        var again = next.SendAsync(command => command.Commit = Commit(branch));
        committing.SetResult();

        Assert.Equal(Contracts.V1.BranchReport.Types.BranchOutcome.Committed, (await again).Report.Outcome);
        Assert.Single(_resources.Trace, "session-commit");
    }

    [Fact]
    public async Task Stream_Silent_IsGivenUp()
    {
        _coordinator.Registered.KeepAliveInterval = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(500));
        await StartAsync();
        var answered = await _coordinator.NextStreamAsync();
        await Eventually.AssertAsync(() => Volatile.Read(ref answered.KeepAlives) > 2, _limit, "keep-alives flow both ways");
        Assert.Equal(1, _coordinator.Attempts);

        // A coordinator that goes on reading and says nothing more.
        answered.Mute();

        await _coordinator.NextStreamAsync();
    }

    [Fact]
    public async Task NewEpoch_RollsBackUnpreparedBranches_AndAnOlderOneIsRefused_R8()
    {
        var participant = await StartAsync(options => options.RefusedDelay = TimeSpan.FromMilliseconds(100));
        var stream = await _coordinator.NextStreamAsync();
        var branch = await WorkAsync(participant);

        _coordinator.Registered.Epoch = new Epoch(13, 1).ToString();
        stream.End();
        var second = await _coordinator.NextStreamAsync();
        await Eventually.AssertAsync(() => _resources.OutcomeOf(branch) == BranchOutcome.RolledBack, _limit, "the branch ends");

        _coordinator.Registered.Epoch = Ids.Epoch.ToString();
        second.End();
        await Eventually.AssertAsync(() => _log.Has(3103), _limit, "the older epoch is refused");
        Assert.False(participant.IsAttached);
    }

    [Fact]
    public async Task IdentityConflict_IsLoggedWithAdvice_AndTriedAgain()
    {
        _coordinator.Refuse = () => RpcErrors.Create(StatusCode.FailedPrecondition, Reason.ParticipantIdentityConflict, "The name stands for another database.");
        await StartAsync(options => options.RefusedDelay = TimeSpan.FromMilliseconds(100));
        await Eventually.AssertAsync(() => _log.Has(3103) && _coordinator.Attempts > 1, _limit, "it is refused and tried again");
        Assert.Contains("coordctl", _log.Text(3103), StringComparison.Ordinal);

        _coordinator.Refuse = null;

        await _coordinator.NextStreamAsync();
    }

    [Fact]
    public async Task Enlist_Refused_TellsTheCoordinatorsReason()
    {
        var participant = await StartAsync();
        await WorkAsync(participant);
        _coordinator.OnEnlist = enlist => new EnlistReply { EnlistId = enlist.EnlistId, RefusedReason = "TRANSACTION_NOT_FOUND", Message = "None such." };

        var refusal = await Assert.ThrowsAsync<EnlistmentRefusedException>(() => participant.EnlistAsync(Ids.NewTransaction(), default));

        Assert.Equal(("TRANSACTION_NOT_FOUND", "None such."), (refusal.Reason, refusal.Message));
    }

    [Fact]
    public async Task ServerRestart_IsTold_R6()
    {
        await StartAsync(options => options.ResourcePollInterval = TimeSpan.FromMilliseconds(20));
        var stream = await _coordinator.NextStreamAsync();

        _resources.ServerStart = "start-2";

        await Eventually.AssertAsync(() => stream.Restarts.Any(restart => restart.ServerStart == "start-2"), _limit, "the coordinator is told");
    }

    [Fact]
    public async Task Remember_AndListPrepared_AreDone()
    {
        await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        var prepared = new BranchId(Ids.NewTransaction(), Ids.Own);
        _resources.Set(prepared, BranchOutcome.Prepared);

        var remembered = await stream.SendAsync(command => command.Remember = new() { Cluster = Ids.Cluster.Value, Epoch = Ids.Epoch.ToString(), Position = 7 });
        var scan = (await stream.SendAsync(command => command.ListPrepared = new ListPrepared())).Scan;

        Assert.Equal(Answer.AnswerOneofCase.Done, remembered.AnswerCase);
        Assert.Equal(7, Assert.Single(_resources.Marks).Position);
        Assert.Equal((prepared.Transaction.Value, "start-1"), (Assert.Single(scan.Branches).TransactionId, scan.ServerStart));
    }

    [Fact]
    public async Task ListPrepared_TooLarge_FailsInsteadOfBeingCut_R6()
    {
        await StartAsync(options => options.MaxMessageBytes = 10_000);
        var stream = await _coordinator.NextStreamAsync();
        foreach (var _ in Enumerable.Range(0, 200))
            _resources.Set(new BranchId(Ids.NewTransaction(), Ids.Own), BranchOutcome.Prepared);

        var answer = await stream.SendAsync(command => command.ListPrepared = new ListPrepared());

        Assert.Contains("200 prepared branches", answer.Failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_DatabaseDown_IsFailedNotRolledBack()
    {
        await StartAsync();
        var stream = await _coordinator.NextStreamAsync();
        _resources.FailWith("list", new FakeDbException("server down"));

        var answer = await stream.SendAsync(command => command.ListPrepared = new ListPrepared());

        Assert.Contains("server down", answer.Failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_DownAtStart_IsTriedAgain()
    {
        _resources.FailWith("attach", new FakeDbException("server down"));
        var participant = await StartAsync();
        await Assert.ThrowsAsync<ParticipantUnavailableException>(() => participant.EnlistAsync(Ids.NewTransaction(), default));
        await Eventually.AssertAsync(() => _log.Has(3201), _limit, "the outage is told");

        _resources.Heal("attach");

        await _coordinator.NextStreamAsync();
    }

    [Fact]
    public async Task Database_Exchanged_IsNotAttachedAgain()
    {
        await StartAsync(options => options.RefusedDelay = TimeSpan.FromMilliseconds(100));
        var stream = await _coordinator.NextStreamAsync();

        _resources.Identity = _resources.Identity with { Row = "row-2" };
        stream.End();

        await Eventually.AssertAsync(() => _log.Has(3103), _limit, "it is refused");
        Assert.Equal(1, _coordinator.Attempts);
    }

    [Fact]
    public async Task Messages_OfManyTransactions_ShareFrames()
    {
        _resources.MaxBranches = 10_000;
        var participant = await StartAsync();
        var stream = await _coordinator.NextStreamAsync();

        await Task.WhenAll(Enumerable.Range(0, 2_000).Select(_ => WorkAsync(participant)));

        Assert.InRange(Volatile.Read(ref stream.Frames), 1, 1_500);
    }

    [Fact]
    public async Task Stop_OpenBranch_IsWaitedFor_ThenTheStreamEnds()
    {
        var participant = await StartAsync(options => options.DrainLimit = _limit);
        var stream = await _coordinator.NextStreamAsync();
        var branch = await WorkAsync(participant);

        _host!.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        var stopping = _host.StopAsync();
        var refusal = await Assert.ThrowsAsync<EnlistmentRefusedException>(() => participant.EnlistAsync(Ids.NewTransaction(), default));
        Assert.Equal("DRAINING", refusal.Reason);
        Assert.False(stopping.IsCompleted);
        await stream.SendAsync(command => command.Prepare = Prepare(branch));
        await stream.SendAsync(command => command.Commit = Commit(branch));

        await stopping.WaitAsync(_limit);
        Assert.Equal(BranchOutcome.Committed, _resources.OutcomeOf(branch));
    }

    /// <summary>More commands come at once than may run. Expected: the one too many fails, to be sent again, and no other is touched.</summary>
    [Fact]
    public async Task Command_PastTheLimitOfRunningOnes_FailsAndIsAskedAgain()
    {
        var participant = await StartAsync(options => options.MaxRunningCommands = 1);
        var stream = await _coordinator.NextStreamAsync();
        var first = await WorkAsync(participant);
        var second = await WorkAsync(participant);
        var answered = new TaskCompletionSource();
        _resources.On("session-prepare", () =>
        {
            _resources.Heal("session-prepare");
            return answered.Task;
        });
        var firstVote = stream.SendAsync(command => command.Prepare = Prepare(first));
        await Eventually.AssertAsync(() => _resources.Trace.Contains("session-prepare"), _limit, "the first prepare begins");

        var refused = await stream.SendAsync(command => command.Prepare = Prepare(second));

        Assert.Equal(Answer.AnswerOneofCase.Failed, refused.AnswerCase);
        Assert.Contains("1 commands are running already", refused.Failed.ToString(), StringComparison.Ordinal);
        answered.SetResult();
        Assert.Equal(VoteAnswer.Types.Vote.Prepared, (await firstVote).Vote.Vote);
        await Eventually.AssertAsync(
            async () => Assert.Equal(VoteAnswer.Types.Vote.Prepared, (await stream.SendAsync(command => command.Prepare = Prepare(second))).Vote.Vote),
            _limit, "the second is prepared too");
    }

    private static async Task<BranchId> WorkAsync(ICoordinatorParticipant participant)
    {
        await participant.WhenAttachedAsync(default).WaitAsync(_limit);
        await using var work = await participant.EnlistAsync(Ids.NewTransaction(), default);
        return work.Id;
    }

    private static Prepare Prepare(BranchId branch) =>
        new() { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString() };

    private static CommitBranch Commit(BranchId branch) =>
        new() { TransactionId = branch.Transaction.Value, Branch = branch.Branch.ToString(), Evidence = "evidence" };

    private async Task<ICoordinatorParticipant> StartAsync(Action<ParticipantOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Logging.AddProvider(_log);
        builder.Services.AddCoordinatorParticipant("inventory", _coordinator.Address, _ => _resources, options =>
        {
            options.Instance = Ids.Own.Instance;
            options.DrainLimit = TimeSpan.FromMilliseconds(100);
            options.ReconnectDelay = TimeSpan.FromMilliseconds(10);
            options.MaxReconnectDelay = TimeSpan.FromMilliseconds(50);
            configure?.Invoke(options);
        });
        _host = builder.Build();
        await _host.StartAsync();
        return _host.Services.GetRequiredService<ICoordinatorParticipant>();
    }
}
