using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Client.Tests;

public class RollbackTests : ClientTest
{
    [Fact]
    public async Task Dispose_NoCommit_RollsBack()
    {
        await using (var tx = await Client.BeginAsync())
            tx.AddBranch(Inventory);
        Assert.Equal("disposed without commit", Assert.Single(Coordinator.RolledBack.Requests).Reason);
    }

    [Fact]
    public async Task Dispose_UserException_StaysTheOneThatIsSeen()
    {
        var seen = await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await using var server = await LoopbackServer.StartAsync(Coordinator);
            using var client = CoordinatorClient.Connect(
                Options(server.Address) with { DisposeTimeout = TimeSpan.FromMilliseconds(200) });
            await using var tx = await client.BeginAsync();
            await server.DisposeAsync();
            throw new InvalidDataException("the user's");
        });
        Assert.Equal("the user's", seen.Message);
    }

    [Fact]
    public async Task Dispose_AfterRollback_SendsNothingMore()
    {
        await using (var tx = await Client.BeginAsync())
            await tx.RollbackAsync("the customer left");
        Assert.Equal("the customer left", Assert.Single(Coordinator.RolledBack.Requests).Reason);
    }

    [Fact]
    public async Task Dispose_ClientDisposedBefore_DoesNotThrow()
    {
        using var client = CoordinatorClient.Connect(Options(Server.Address));
        var tx = await client.BeginAsync();
        client.Dispose();
        await tx.DisposeAsync();
    }

    [Fact]
    public async Task Rollback_AnswersLost_AskedAgain()
    {
        var script = Begun();
        script.RolledBack.LosesAnswer(Loss.Kill).LosesAnswer(Loss.Reset).Answers(new RollbackResponse { Outcome = Outcome.Aborted });
        await RollBackAsync(script);
        Assert.Equal(3, script.RolledBack.Requests.Count);
    }

    [Fact]
    public async Task Rollback_AlreadyFencedAndAborted_IsDone()
    {
        var script = Begun();
        script.RolledBack.Fails(RpcErrors.Create(StatusCode.FailedPrecondition, Reason.EpochFenced, "restarted"));
        script.Got.Answers(Described(Outcome.Aborted, TransactionState.Aborted));
        await RollBackAsync(script);
    }

    [Fact]
    public async Task Rollback_Committed_IsRefused()
    {
        var script = Begun();
        script.RolledBack.Fails(RpcErrors.Create(StatusCode.FailedPrecondition, Reason.WrongState, "decided"));
        script.Got.Answers(Described(Outcome.Committed, TransactionState.Committing));
        var refused = await Assert.ThrowsAsync<CoordinatorException>(() => RollBackAsync(script));
        Assert.Equal(Reason.WrongState, refused.Reason);
    }

    [Fact]
    public async Task Rollback_Heuristic_IsTold()
    {
        var script = Begun();
        script.RolledBack.Answers(new RollbackResponse { Outcome = Outcome.HeuristicMixed });
        await Assert.ThrowsAsync<TransactionHeuristicException>(() => RollBackAsync(script));
    }

    [Fact]
    public async Task Rollback_NotPermitted_IsRefused()
    {
        var script = Begun();
        script.RolledBack.Fails(StatusCode.PermissionDenied).Answers(new RollbackResponse { Outcome = Outcome.Aborted });
        await Assert.ThrowsAsync<CoordinatorException>(() => RollBackAsync(script));
    }

    [Fact]
    public async Task Rollback_InDoubt_SettlesIt()
    {
        using var canceled = new CancellationTokenSource();
        Coordinator.Committed.Hangs();
        await using var tx = await Client.BeginAsync();
        var commit = tx.CommitAsync(null, canceled.Token);
        await Eventually.AssertAsync(() => Coordinator.Committed.Requests.Count == 1, Limit, "commit was sent");
        await Assert.ThrowsAsync<InvalidOperationException>(() => tx.RollbackAsync());
        await canceled.CancelAsync();
        await Assert.ThrowsAsync<TransactionInDoubtException>(() => commit);

        await tx.RollbackAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => tx.CommitAsync());
    }

    private static ScriptedCoordinator Begun()
    {
        var script = new ScriptedCoordinator();
        script.Begun.Answers(new BeginResponse { TransactionId = ScriptedCoordinator.Id, State = TransactionState.Active });
        return script;
    }

    private async Task RollBackAsync(ScriptedCoordinator script)
    {
        await using var server = await LoopbackServer.StartAsync(script);
        using var client = CoordinatorClient.Connect(Options(server.Address));
        await using var tx = await client.BeginAsync();
        await tx.RollbackAsync();
    }
}

public class RollbackWaitTests : ClientTest
{
    protected override bool VirtualTime => true;

    [Fact]
    public async Task Dispose_CoordinatorHangs_GivesUpAfterItsTimeout()
    {
        var script = new ScriptedCoordinator();
        script.Begun.Answers(new BeginResponse { TransactionId = ScriptedCoordinator.Id, State = TransactionState.Active });
        script.RolledBack.Hangs();
        await using var server = await LoopbackServer.StartAsync(script);
        using var client = CoordinatorClient.Connect(Options(server.Address));
        var tx = await client.BeginAsync();
        var dispose = tx.DisposeAsync().AsTask();
        await Eventually.AssertAsync(() => script.RolledBack.Requests.Count == 1, Limit, "rollback was sent");
        Assert.False(dispose.IsCompleted);
        Clock.Advance(TimeSpan.FromSeconds(5));
        await dispose.WaitAsync(Limit);
    }

    [Fact]
    public async Task Rollback_NeverConfirmed_SaysWhatHappens()
    {
        var script = new ScriptedCoordinator();
        script.Begun.Answers(new BeginResponse { TransactionId = ScriptedCoordinator.Id, State = TransactionState.Active });
        script.RolledBack.Fails(StatusCode.Unavailable);
        await using var server = await LoopbackServer.StartAsync(script);
        using var client = CoordinatorClient.Connect(Options(server.Address));
        var tx = await client.BeginAsync();
        var unavailable = await Assert.ThrowsAsync<CoordinatorUnavailableException>(() => ThroughBackoffsAsync(RollBack()));
        Assert.Contains("aborts at its deadline", unavailable.Message, StringComparison.Ordinal);

        async Task<bool> RollBack()
        {
            await tx.RollbackAsync();
            return true;
        }
    }
}
