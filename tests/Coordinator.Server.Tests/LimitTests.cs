using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Server.Tests;

/// <summary>Floods up to each limit: refused clearly at it, and served again below it.</summary>
public class LimitTests
{
    private const string Branch = "inventory.4f7c01ab";

    [Fact]
    public async Task Enlist_MoreBranchesThanATransactionMayHave_IsOverloadedAndTheRestCommits()
    {
        await using var server = await StartAsync(engine => engine with { MaxBranchesPerTransaction = 2 });
        await using var first = await server.AttachAsync();
        await using var second = await server.AttachAsync(instance: "bbbb2222");
        await using var third = await server.AttachAsync(instance: "cccc3333");
        var id = await server.BeginAsync();
        await first.EnlistAsync(id, Branch);
        await second.EnlistAsync(id, "inventory.bbbb2222");

        Assert.Equal("OVERLOADED", (await third.EnlistAsync(id, "inventory.cccc3333")).RefusedReason);

        var commit = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Branch, "inventory.bbbb2222" } });
        Assert.Equal(Outcome.Committed, commit.Outcome);
    }

    [Fact]
    public async Task Attach_MoreParticipantsThanMayBeRegistered_IsExhaustedUntilOneIsRemoved()
    {
        await using var server = await StartAsync(engine => engine with { MaxParticipants = 1 });
        await using (var first = await server.AttachAsync())
        {
            var failure = await TestServer.FailureOfAsync(() => server.AttachAsync("orders", "aaaa1111"));
            Assert.Equal((StatusCode.ResourceExhausted, Reason.Overloaded), (failure.Status, failure.Reason));
            await first.CompleteAsync();
            await first.Ended;
        }

        await server.Operators.RemoveParticipantAsync(new RemoveParticipantRequest { Name = "inventory", Reason = "gone" });
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        Assert.Equal("", (await orders.EnlistAsync(await server.BeginAsync(), "orders.aaaa1111")).RefusedReason);
    }

    [Fact]
    public async Task Attach_MoreInstancesThanAllowed_IsExhaustedUntilOneLeaves()
    {
        await using var server = await StartAsync(engine => engine with { MaxInstancesPerParticipant = 1 });
        await using var first = await server.AttachAsync();
        var failure = await TestServer.FailureOfAsync(() => server.AttachAsync(instance: "bbbb2222"));
        Assert.Equal((StatusCode.ResourceExhausted, Reason.Overloaded), (failure.Status, failure.Reason));

        await first.CompleteAsync();
        await first.Ended;

        await using var second = await server.AttachAsync(instance: "bbbb2222");
        Assert.False(second.Ended.IsCompleted);
    }

    [Fact]
    public async Task Begin_MemoryIsShort_IsExhaustedAndTheRestGoesOn()
    {
        await using var server = await StartAsync(engine => engine with { MaxMemoryBytes = 1 });
        var failure = await TestServer.FailureOfAsync(server.BeginAsync);
        Assert.Equal((StatusCode.ResourceExhausted, Reason.Overloaded), (failure.Status, failure.Reason));
        Assert.Equal("SERVING", (await server.Operators.GetStatusAsync(new GetStatusRequest())).Health);
    }

    // Who asks later than that is told the truth: no record of it remains.
    [Fact]
    public async Task Finished_MoreThanAreRemembered_TheOldestIsUnknown()
    {
        await using var server = await StartAsync(engine => engine with { MaxFinishedTransactions = 2 });
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add(await server.BeginAsync());
            await server.Transactions.RollbackAsync(new RollbackRequest { TransactionId = ids[i] });
        }

        Assert.Equal(Outcome.Unknown, (await server.Transactions.GetAsync(new GetRequest { TransactionId = ids[0] })).Transaction.Outcome);
        Assert.Equal(Outcome.Aborted, (await server.Transactions.GetAsync(new GetRequest { TransactionId = ids[2] })).Transaction.Outcome);
        Assert.Equal(2, (await server.Operators.ListTransactionsAsync(new ListTransactionsRequest())).Transactions.Count);
    }

    // The second commit is told once the first has been answered, not beside it.
    [Fact]
    public async Task Deliver_MoreCommandsThanMayBeUnderWay_Waits()
    {
        await using var server = await StartAsync(engine => engine with { MaxCommandsInFlight = 1, DeliveryWait = TimeSpan.FromMilliseconds(100) });
        await using var participant = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        participant.Script = command => command.Commit is not null ? null : ScriptedParticipant.Agree(command);
        for (var i = 0; i < 2; i++)
        {
            var id = await server.BeginAsync();
            await participant.EnlistAsync(id, Branch);
            await orders.EnlistAsync(id, "orders.aaaa1111");
            var commit = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Branch, "orders.aaaa1111" } });
            Assert.Equal((Outcome.Committed, true), (commit.Outcome, commit.DeliveryPending));
        }

        var waiting = Assert.Single(participant.Commands, command => command.Commit is not null);
        participant.Script = ScriptedParticipant.Agree;
        var answer = ScriptedParticipant.Agree(waiting)!;
        answer.CommandId = waiting.CommandId;
        await participant.SendAsync(new ParticipantMessage { Answer = answer });

        await Eventually.AssertAsync(
            async () => (await server.Operators.GetStatusAsync(new GetStatusRequest())).OpenTransactions.Count == 0, TestServer.Limit, "both are told");
        Assert.Equal(2, participant.Commands.Count(command => command.Commit is not null));
    }

    [Fact]
    public async Task Calls_MoreThanOneConnectionMayCarry_Wait()
    {
        await using var server = await TestServer.StartAsync(options => options with { MaxStreamsPerConnection = 1 });
        // A channel's own handler would open another connection instead.
        using var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false };
        using var channel = GrpcChannel.ForAddress(server.Server.Address, new GrpcChannelOptions { HttpHandler = handler });
        var transactions = new TransactionService.TransactionServiceClient(channel);
        var id = await server.BeginAsync();
        using (var watch = transactions.Watch(new WatchRequest { TransactionId = id }))
        {
            await watch.ResponseStream.MoveNext(CancellationToken.None);
            var failure = await Assert.ThrowsAsync<RpcException>(
                async () => await transactions.GetAsync(new GetRequest { TransactionId = id }, deadline: DateTime.UtcNow.AddMilliseconds(200)));
            Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        }

        Assert.Equal(id, (await transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction.TransactionId);
    }

    [Fact]
    public async Task Connections_MoreThanAllowed_AreClosedAndTheOthersGoOn()
    {
        await using var server = await TestServer.StartAsync(options => options with { MaxConnections = 1 });
        await server.BeginAsync();
        using var another = GrpcChannel.ForAddress(server.Server.Address);

        var failure = await Assert.ThrowsAsync<RpcException>(
            async () => await new TransactionService.TransactionServiceClient(another).BeginAsync(new BeginRequest()));

        Assert.True(failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal, failure.ToString());
        await server.BeginAsync();
    }

    // A client that goes away in the middle stops waiting, nothing else (R12).
    [Fact]
    public async Task Commit_ClientVanishesWhileBranchesVote_IsCarriedOut_R12()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        Command? prepare = null;
        participant.Script = command => command.Prepare is null ? ScriptedParticipant.Agree(command) : Keep(command);
        var id = await server.BeginAsync();
        await participant.EnlistAsync(id, Branch);
        await orders.EnlistAsync(id, "orders.aaaa1111");
        using (var vanishing = GrpcChannel.ForAddress(server.Server.Address))
        {
            var commit = new TransactionService.TransactionServiceClient(vanishing).CommitAsync(new CommitRequest { TransactionId = id, Branches = { Branch, "orders.aaaa1111" } });
            await Eventually.AssertAsync(() => Volatile.Read(ref prepare) is not null, TestServer.Limit, "the branches vote");
            commit.Dispose();
        }

        var vote = ScriptedParticipant.Agree(prepare!)!;
        vote.CommandId = prepare!.CommandId;
        await participant.SendAsync(new ParticipantMessage { Answer = vote });

        await Eventually.AssertAsync(
            async () => (await server.Transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction.State == TransactionState.Committed,
            TestServer.Limit, "it is committed");

        Answer? Keep(Command command)
        {
            Volatile.Write(ref prepare, command);
            return null;
        }
    }

    private static Task<TestServer> StartAsync(Func<Engine.EngineOptions, Engine.EngineOptions> change) =>
        TestServer.StartAsync(options => options with { Engine = change(options.Engine) });
}
