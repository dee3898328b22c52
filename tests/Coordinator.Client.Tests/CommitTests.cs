using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Coordinator.Testing;
using Grpc.Core;

namespace Coordinator.Client.Tests;

public class CommitTests : ClientTest
{
    public static TheoryData<string> Losses => ["kill", "reset", "exception", "Unavailable", "Internal", "DeadlineExceeded", "Unknown"];

    [Fact]
    public async Task Commit_Answered_NamesBranchesAndReturns()
    {
        Coordinator.Committed.Answers(new CommitResponse
        {
            Outcome = Outcome.Committed,
            DeliveryPending = true,
            Branches = { new Branch { Name = "inventory.4f7c01ab", State = BranchState.Committed } },
        });
        await using var tx = await Client.BeginAsync();
        tx.AddBranch(Inventory);
        tx.AddBranch(Payments);
        tx.AddBranch(Inventory);

        var result = await tx.CommitAsync(new CommitOptions { Return = CommitReturn.Decided });

        Assert.True(result.DeliveryPending);
        Assert.Equal(new BranchDescription("inventory.4f7c01ab", BranchState.Committed, "", 0), Assert.Single(result.Branches));
        var request = Assert.Single(Coordinator.Committed.Requests);
        Assert.Equal(ScriptedCoordinator.Id, request.TransactionId);
        Assert.Equal(["inventory.4f7c01ab", "payments.99aa88bb"], request.Branches.Order());
        Assert.Equal(Contracts.V1.CommitReturn.Decided, request.Return);
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Commit_AnswerLost_AskedAgain(string loss)
    {
        Lose(loss);
        Lose(loss);
        Coordinator.Committed.Answers(Answer(Outcome.Committed));
        await using var tx = await Client.BeginAsync();

        await tx.CommitAsync();

        Assert.Equal(3, Coordinator.Committed.Requests.Count);
        Assert.Empty(Coordinator.RolledBack.Requests);
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task Commit_AnswerLostThenAborted_SaysAborted(string loss)
    {
        Lose(loss);
        Coordinator.Committed.Answers(Answer(Outcome.Aborted, "payments voted no", "VOTED_NO"));
        var tx = await Client.BeginAsync();

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());

        Assert.Equal(Id, aborted.TransactionId);
        Assert.Equal(Reason.VotedNo, aborted.Reason);
        Assert.Equal($"Transaction {Id} was aborted: payments voted no.", aborted.Message);
        await tx.DisposeAsync();
        Assert.Empty(Coordinator.RolledBack.Requests);
    }

    [Fact]
    public async Task Commit_AbortedAsStatus_SaysAborted()
    {
        Coordinator.Committed.Fails(RpcErrors.Create(StatusCode.Aborted, Reason.DeadlinePassed, "too late"));
        await using var tx = await Client.BeginAsync();
        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());
        Assert.Equal(Reason.DeadlinePassed, aborted.Reason);
    }

    [Fact]
    public async Task Commit_Unknown_SaysThatAskingDoesNotHelp()
    {
        Coordinator.Committed.Answers(Answer(Outcome.Unknown, reasonCode: "NO_RECORD"));
        await using var tx = await Client.BeginAsync();

        var unknown = await Assert.ThrowsAsync<TransactionUnknownException>(() => tx.CommitAsync());

        Assert.False(unknown.CanAskAgain);
        Assert.Equal(Reason.NoRecord, unknown.Reason);
        await Assert.ThrowsAsync<InvalidOperationException>(() => tx.CommitAsync());
    }

    [Theory]
    [InlineData(Outcome.HeuristicMixed)]
    [InlineData(Outcome.HeuristicHazard)]
    public async Task Commit_Heuristic_GivesBranches(Outcome outcome)
    {
        Coordinator.Committed.Answers(new CommitResponse
        {
            Outcome = outcome,
            Branches = { new Branch { Name = "payments.99aa88bb", State = BranchState.Heuristic, Detail = "ended by hand" } },
        });
        await using var tx = await Client.BeginAsync();
        var heuristic = await Assert.ThrowsAsync<TransactionHeuristicException>(() => tx.CommitAsync());
        Assert.Equal(outcome, heuristic.Outcome);
        Assert.Equal("ended by hand", Assert.Single(heuristic.Branches).Detail);
    }

    [Fact]
    public async Task Commit_LostThenFencedButCommitted_Returns()
    {
        Coordinator.Committed.LosesAnswer(Loss.Kill)
            .Fails(RpcErrors.Create(StatusCode.FailedPrecondition, Reason.EpochFenced, "restarted"));
        Coordinator.Got.Answers(Described(Outcome.Committed, TransactionState.Committing));
        await using var tx = await Client.BeginAsync();
        Assert.True((await tx.CommitAsync()).DeliveryPending);
    }

    [Fact]
    public async Task Commit_FencedAndAborted_SaysAborted()
    {
        Coordinator.Committed.Fails(RpcErrors.Create(StatusCode.FailedPrecondition, Reason.EpochFenced, "restarted"));
        Coordinator.Got.Answers(Described(Outcome.Aborted, TransactionState.Aborted));
        await using var tx = await Client.BeginAsync();
        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());
        Assert.Equal(Reason.EpochFenced, aborted.Reason);
    }

    [Fact]
    public async Task Commit_FencedAndNotYetSettled_IsInDoubt()
    {
        Coordinator.Committed.Fails(RpcErrors.Create(StatusCode.FailedPrecondition, Reason.EpochFenced, "restarted"));
        Coordinator.Got.Answers(Described(Outcome.InDoubt, TransactionState.InDoubt));
        await using var tx = await Client.BeginAsync();
        Assert.True((await Assert.ThrowsAsync<TransactionInDoubtException>(() => tx.CommitAsync())).CanAskAgain);
    }

    [Fact]
    public async Task Commit_AnotherCoordinatorAnswers_IsUnknown()
    {
        Coordinator.Committed.Fails(RpcErrors.Create(StatusCode.NotFound, Reason.TransactionNotFound, "not mine"));
        await using var tx = await Client.BeginAsync();
        await Assert.ThrowsAsync<TransactionUnknownException>(() => tx.CommitAsync());
    }

    [Fact]
    public async Task Commit_RefusedForRights_IsNotCommittedAndMayBeAskedForAgain()
    {
        Coordinator.Committed.Fails(StatusCode.PermissionDenied).Answers(Answer(Outcome.Committed));
        await using var tx = await Client.BeginAsync();
        var refused = await Assert.ThrowsAsync<CoordinatorException>(() => tx.CommitAsync());
        Assert.Contains("PermissionDenied", refused.Message, StringComparison.Ordinal);
        await tx.CommitAsync();
    }

    [Fact]
    public async Task Commit_LostThenRefusedForRights_IsInDoubt()
    {
        Coordinator.Committed.LosesAnswer(Loss.Reset).Fails(StatusCode.Unauthenticated);
        await using var tx = await Client.BeginAsync();
        await Assert.ThrowsAsync<TransactionInDoubtException>(() => tx.CommitAsync());
    }

    [Fact]
    public async Task Commit_CanceledBefore_SendsNothing()
    {
        await using var tx = await Client.BeginAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => tx.CommitAsync(null, new CancellationToken(canceled: true)));
        Assert.Empty(Coordinator.Committed.Requests);
        await tx.RollbackAsync();
    }

    [Fact]
    public async Task Commit_CanceledAfterSent_IsInDoubtAndCanBeAskedAgain()
    {
        using var canceled = new CancellationTokenSource();
        Coordinator.Committed.Hangs().Answers(Answer(Outcome.Committed));
        await using var tx = await Client.BeginAsync();
        var commit = tx.CommitAsync(null, canceled.Token);
        await Eventually.AssertAsync(() => Coordinator.Committed.Requests.Count == 1, Limit, "commit was sent");

        await canceled.CancelAsync();

        var doubt = await Assert.ThrowsAsync<TransactionInDoubtException>(() => commit);
        Assert.IsAssignableFrom<OperationCanceledException>(doubt.InnerException);
        await tx.CommitAsync();
    }

    [Fact]
    public async Task Commit_RollbackOnly_RollsBackInstead()
    {
        var tx = await Client.BeginAsync();
        tx.SetRollbackOnly("the stock is empty");
        tx.SetRollbackOnly("a later reason");

        var aborted = await Assert.ThrowsAsync<TransactionAbortedException>(() => tx.CommitAsync());

        Assert.Contains("the stock is empty", aborted.Message, StringComparison.Ordinal);
        Assert.Empty(Coordinator.Committed.Requests);
        Assert.Equal("the stock is empty", Assert.Single(Coordinator.RolledBack.Requests).Reason);
    }

    [Fact]
    public async Task Commit_Twice_IsMisuse()
    {
        Coordinator.Committed.Answers(Answer(Outcome.Committed));
        await using var tx = await Client.BeginAsync();
        await tx.CommitAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => tx.CommitAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => tx.RollbackAsync());
        Assert.Throws<InvalidOperationException>(() => tx.AddBranch(Inventory));
        Assert.Throws<InvalidOperationException>(() => tx.MakeCurrent());
    }

    private void Lose(string loss)
    {
        if (Enum.TryParse<StatusCode>(loss, out var status))
            Coordinator.Committed.Fails(status);
        else
            Coordinator.Committed.LosesAnswer(loss switch
            {
                "kill" => Loss.Kill,
                "reset" => Loss.Reset,
                _ => Loss.Exception,
            });
    }
}

/// <summary>What happens at the end of the wait, without waiting.</summary>
public class CommitWaitTests : ClientTest
{
    protected override bool VirtualTime => true;

    [Fact]
    public async Task Commit_InDoubtForAWhile_AskedUntilCommitted()
    {
        Coordinator.Committed.Answers(Answer(Outcome.InDoubt)).Answers(Answer(Outcome.InDoubt)).Answers(Answer(Outcome.Committed));
        await using var tx = await Client.BeginAsync();
        await ThroughBackoffsAsync(tx.CommitAsync());
        Assert.Equal(3, Coordinator.Committed.Requests.Count);
    }

    [Fact]
    public async Task Commit_InDoubtForTheWholeWait_SaysSoAndAsksAgainLater()
    {
        Coordinator.Committed.Answers(Answer(Outcome.InDoubt, "the log does not answer", "LOG_UNAVAILABLE"));
        var tx = await Client.BeginAsync();
        var begun = Clock.GetUtcNow();

        var doubt = await Assert.ThrowsAsync<TransactionInDoubtException>(() => ThroughBackoffsAsync(tx.CommitAsync()));

        Assert.Equal(Reason.LogUnavailable, doubt.Reason);
        Assert.Contains("the log does not answer", doubt.Message, StringComparison.Ordinal);
        Assert.InRange((Clock.GetUtcNow() - begun).TotalSeconds, 30, 33);
        // Backoff is capped at two seconds, so the coordinator is asked at least every other second or so.
        Assert.InRange(Coordinator.Committed.Requests.Count, 10, 40);
        await tx.DisposeAsync();
        Assert.Empty(Coordinator.RolledBack.Requests);

        Coordinator.Committed.Answers(Answer(Outcome.Committed));
        await tx.CommitAsync();
    }

    [Fact]
    public async Task Commit_NeverAnswered_IsInDoubtAfterTheWait()
    {
        Coordinator.Committed.Hangs();
        await using var tx = await Client.BeginAsync();
        var commit = tx.CommitAsync(new CommitOptions { Wait = TimeSpan.FromSeconds(7) });
        await Assert.ThrowsAsync<TransactionInDoubtException>(
            () => PastLimitAsync(commit, () => Coordinator.Committed.Requests.Count == 1, TimeSpan.FromSeconds(7)));
    }

    [Fact]
    public async Task Commit_NeverSent_IsSurelyNotCommitted()
    {
        var tx = await Client.BeginAsync();
        await Server.DisposeAsync();
        // Until the client has met the end of its connection, what it sends there may have arrived.
        await Assert.ThrowsAsync<CoordinatorUnavailableException>(() => ThroughBackoffsAsync(Client.BeginAsync()));

        var unavailable = await Assert.ThrowsAsync<CoordinatorUnavailableException>(
            () => ThroughBackoffsAsync(tx.CommitAsync()));

        Assert.Contains("is not committed", unavailable.Message, StringComparison.Ordinal);
        Assert.Empty(Coordinator.Committed.Requests);
    }

    [Fact]
    public async Task Commit_InDoubtThenNeverSent_IsStillInDoubt()
    {
        Coordinator.Committed.Hangs();
        await using var tx = await Client.BeginAsync();
        var commit = tx.CommitAsync();
        await Assert.ThrowsAsync<TransactionInDoubtException>(
            () => PastLimitAsync(commit, () => Coordinator.Committed.Requests.Count == 1, TimeSpan.FromSeconds(30)));
        await Server.DisposeAsync();
        await Assert.ThrowsAsync<TransactionInDoubtException>(() => ThroughBackoffsAsync(tx.CommitAsync()));
    }
}
