using Coordinator.Contracts.V1;

namespace Coordinator.Server.Tests;

/// <summary>The whole way of a transaction, over the wire.</summary>
public class TransactionTests
{
    [Fact]
    public async Task Commit_TwoParticipants_PreparesThenCommitsBoth()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        var id = await server.BeginAsync();
        Assert.Equal("", (await inventory.EnlistAsync(id, "inventory.4f7c01ab")).RefusedReason);
        var reply = await orders.EnlistAsync(id, "orders.aaaa1111");
        Assert.Equal("", reply.RefusedReason);
        Assert.InRange(reply.Remaining.ToTimeSpan(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

        var committed = await server.Transactions.CommitAsync(
            new CommitRequest { TransactionId = id, Branches = { "inventory.4f7c01ab", "orders.aaaa1111" } });

        Assert.Equal(Outcome.Committed, committed.Outcome);
        Assert.False(committed.DeliveryPending);
        Assert.All(committed.Branches, branch => Assert.Equal(BranchState.Committed, branch.State));
        Assert.All(orders.Commands, command => Assert.Equal(orders.Registered.Epoch, command.Epoch));
        Assert.Equal("e1", orders.Commands.Single(command => command.Commit is not null).Commit.Evidence);
        var shown = (await server.Transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction;
        Assert.Equal(TransactionState.Committed, shown.State);
        Assert.Equal(committed.Outcome, (await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id })).Outcome);
    }
}
