using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Coordinator.Server.Tests;

/// <summary>The whole way of a transaction, over the wire.</summary>
public class TransactionTests
{
    private const string Inventory = "inventory.4f7c01ab", Orders = "orders.aaaa1111";

    [Fact]
    public async Task Commit_TwoParticipants_PreparesThenCommitsBoth()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        var id = await server.BeginAsync();
        Assert.Equal("", (await inventory.EnlistAsync(id, Inventory)).RefusedReason);
        var reply = await orders.EnlistAsync(id, Orders);
        Assert.Equal("", reply.RefusedReason);
        Assert.InRange(reply.Remaining.ToTimeSpan(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

        var committed = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Inventory, Orders } });

        Assert.Equal(Outcome.Committed, committed.Outcome);
        Assert.False(committed.DeliveryPending);
        Assert.All(committed.Branches, branch => Assert.Equal(BranchState.Committed, branch.State));
        Assert.All(orders.Commands, command => Assert.Equal(orders.Registered.Epoch, command.Epoch));
        Assert.Equal("e1", orders.Commands.Single(command => command.Commit is not null).Commit.Evidence);
        var shown = (await server.Transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction;
        Assert.Equal(TransactionState.Committed, shown.State);
        Assert.Equal(Outcome.Committed, (await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id })).Outcome);
    }

    [Fact]
    public async Task Commit_OneVotesNo_AbortsWithItsReason()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        orders.Script = command => command.Prepare is not null
            ? new Answer { Vote = new VoteAnswer { Vote = VoteAnswer.Types.Vote.No, Reason = "out\nof stock" } }
            : ScriptedParticipant.Agree(command);
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, Inventory);
        await orders.EnlistAsync(id, Orders);

        var response = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Inventory, Orders } });

        Assert.Equal(Outcome.Aborted, response.Outcome);
        Assert.Equal("VOTED_NO", response.ReasonCode);
        Assert.Contains("out of stock", response.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commit_NamesABranchThatNeverEnlisted_Aborts()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, Inventory);

        var response = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Inventory, Orders } });

        Assert.Equal((Outcome.Aborted, "BRANCH_NOT_ENLISTED"), (response.Outcome, response.ReasonCode));
    }

    // R12: a caller that goes away stops waiting, and nothing else.
    [Fact]
    public async Task Commit_CallerCancels_CommitsAllTheSame()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        var asked = new TaskCompletionSource<Command>();
        inventory.Script = command =>
        {
            if (command.CommitOnePhase is null)
                return ScriptedParticipant.Agree(command);
            asked.TrySetResult(command);
            return null;
        };
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, Inventory);
        using var cancelled = new CancellationTokenSource();
        var commit = server.Transactions.CommitAsync(
            new CommitRequest { TransactionId = id, Branches = { Inventory } }, cancellationToken: cancelled.Token);
        var command = await asked.Task.WaitAsync(TestServer.Limit);

        await cancelled.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await commit)).StatusCode);
        var answer = ScriptedParticipant.Agree(command)!;
        answer.CommandId = command.CommandId;
        await inventory.SendAsync(new ParticipantMessage { Answer = answer });

        await Eventually.AssertAsync(
            async () => (await server.Transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction.Outcome == Outcome.Committed,
            TestServer.Limit, "the transaction commits without its caller");
    }

    [Fact]
    public async Task Rollback_Enlisted_RollsBackAndStays()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, Inventory);

        var response = await server.Transactions.RollbackAsync(new RollbackRequest { TransactionId = id, Reason = "changed my mind" });

        Assert.Equal(Outcome.Aborted, response.Outcome);
        Assert.Single(inventory.Commands, command => command.Rollback is not null);
        Assert.Equal(Outcome.Aborted, (await server.Transactions.RollbackAsync(new RollbackRequest { TransactionId = id })).Outcome);
        var late = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id });
        Assert.Equal((Outcome.Aborted, "changed my mind"), (late.Outcome, late.Reason));
        Assert.Equal("WRONG_STATE", (await inventory.EnlistAsync(id, Inventory)).RefusedReason);
    }

    [Fact]
    public async Task Begin_SameIdempotencyKey_ReturnsTheSameTransaction()
    {
        await using var server = await TestServer.StartAsync();
        var request = new BeginRequest { Name = "order 7", IdempotencyKey = "k1", Timeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)) };

        var first = await server.Transactions.BeginAsync(request);
        var again = await server.Transactions.BeginAsync(request);

        Assert.Equal(first.TransactionId, again.TransactionId);
        Assert.Equal(TransactionState.Active, again.State);
        Assert.Equal(TimeSpan.FromMinutes(1), first.Remaining.ToTimeSpan());
    }

    [Fact]
    public async Task Begin_DeadlinePasses_Aborts()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        var id = await server.BeginAsync();

        time.Advance(TimeSpan.FromSeconds(30));

        await Eventually.AssertAsync(
            async () => (await server.Transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction.Outcome == Outcome.Aborted,
            TestServer.Limit, "the deadline aborts");
    }

    [Fact]
    public async Task Watch_OpenTransaction_TellsChangesAndEnds()
    {
        await using var server = await TestServer.StartAsync();
        var id = await server.BeginAsync();
        using var watch = server.Transactions.Watch(new WatchRequest { TransactionId = id });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(TransactionState.Active, watch.ResponseStream.Current.Transaction.State);

        await server.Transactions.RollbackAsync(new RollbackRequest { TransactionId = id });

        TransactionState last = default;
        while (await watch.ResponseStream.MoveNext(CancellationToken.None))
            last = watch.ResponseStream.Current.Transaction.State;
        Assert.Equal(TransactionState.Aborted, last);
    }

    [Fact]
    public async Task Watch_MoreThanAllowed_IsRefused()
    {
        await using var server = await TestServer.StartAsync(options => options with { MaxWatches = 1 });
        var id = await server.BeginAsync();
        using var first = server.Transactions.Watch(new WatchRequest { TransactionId = id });
        Assert.True(await first.ResponseStream.MoveNext(CancellationToken.None));
        using var second = server.Transactions.Watch(new WatchRequest { TransactionId = id });

        var failure = await TestServer.FailureOfAsync(() => second.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal((StatusCode.ResourceExhausted, Reason.Overloaded), (failure.Status, failure.Reason));
        Assert.Equal("MaxWatches", failure.Info.Metadata["limit"]);
    }

    [Fact]
    public async Task Begin_LimitReached_IsRefusedUntilOneEnds()
    {
        await using var server = await TestServer.StartAsync(
            options => options with { Engine = new Engine.EngineOptions { MaxOpenTransactions = 1 } });
        var id = await server.BeginAsync();

        var failure = await TestServer.FailureOfAsync(server.BeginAsync);

        Assert.Equal((StatusCode.ResourceExhausted, Reason.Overloaded), (failure.Status, failure.Reason));
        await server.Transactions.RollbackAsync(new RollbackRequest { TransactionId = id });
        await server.BeginAsync();
    }
}
