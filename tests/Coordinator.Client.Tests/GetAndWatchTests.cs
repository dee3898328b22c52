using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Coordinator.Testing;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coordinator.Client.Tests;

public class GetAndWatchTests : ClientTest
{
    [Fact]
    public async Task Get_AnswerLost_DescribesAtTheSecondTry()
    {
        var begun = new DateTime(2026, 5, 1, 12, 0, 0, DateTimeKind.Utc);
        Coordinator.Got.LosesAnswer(Loss.Kill).Answers(new GetResponse
        {
            Transaction = new Transaction
            {
                TransactionId = ScriptedCoordinator.Id,
                Name = "order 17",
                State = TransactionState.Committing,
                Outcome = Outcome.Committed,
                Reason = "",
                BegunAt = Timestamp.FromDateTime(begun),
                Branches = { new Branch { Name = "payments.99aa88bb", State = BranchState.Prepared, Attempts = 3, Detail = "away" } },
            },
        });

        var description = await Client.GetAsync(Id);

        Assert.Equal((Id, "order 17", Outcome.Committed), (description.Id, description.Name, description.Outcome));
        Assert.Equal(new DateTimeOffset(begun), description.BegunAt);
        Assert.Null(description.Deadline);
        Assert.Equal([new BranchDescription("payments.99aa88bb", BranchState.Prepared, "away", 3)], description.Branches);
    }

    [Fact]
    public async Task Get_AnotherCoordinators_IsNotFound()
    {
        Coordinator.Got.Fails(RpcErrors.Create(StatusCode.NotFound, Reason.TransactionNotFound, "not mine"));
        var notFound = await Assert.ThrowsAsync<TransactionNotFoundException>(() => Client.GetAsync(Id));
        Assert.Equal(Reason.TransactionNotFound, notFound.Reason);
    }

    [Fact]
    public async Task Watch_ToTheEnd_GivesEachChange()
    {
        Coordinator.Watched.Answers([In(TransactionState.Active), In(TransactionState.Preparing), In(TransactionState.Committed)]);
        Assert.Equal(
            [TransactionState.Active, TransactionState.Preparing, TransactionState.Committed], await WatchAsync());
    }

    [Fact]
    public async Task Watch_ConnectionLost_GoesOnWithoutRepeating()
    {
        Coordinator.Watched
            .Answers([In(TransactionState.Active), In(TransactionState.Preparing), null])
            .LosesAnswer(Loss.Kill)
            .Answers([In(TransactionState.Preparing), In(TransactionState.Committed)]);
        Assert.Equal(
            [TransactionState.Active, TransactionState.Preparing, TransactionState.Committed], await WatchAsync());
    }

    [Fact]
    public async Task Watch_AnotherCoordinators_IsNotFound()
    {
        Coordinator.Watched.Fails(RpcErrors.Create(StatusCode.NotFound, Reason.TransactionNotFound, "not mine"));
        await Assert.ThrowsAsync<TransactionNotFoundException>(() => WatchAsync());
    }

    [Fact]
    public async Task Watch_NobodyListensAnyMore_IsUnavailable()
    {
        Coordinator.Watched.Fails(StatusCode.Unavailable);
        using var client = CoordinatorClient.Connect(
            Options(Server.Address) with { CallTimeout = TimeSpan.FromMilliseconds(200) });
        await Assert.ThrowsAsync<CoordinatorUnavailableException>(async () =>
        {
            await foreach (var _ in client.WatchAsync(Id))
                Assert.Fail("Nothing was sent");
        });
    }

    [Fact]
    public async Task Watch_Canceled_SaysSo()
    {
        using var canceled = new CancellationTokenSource();
        Coordinator.Watched.Hangs();
        var watch = WatchAsync(canceled.Token);
        await Eventually.AssertAsync(() => Coordinator.Watched.Requests.Count == 1, Limit, "the watch has begun");
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watch);
    }

    private static Transaction In(TransactionState state) => new() { TransactionId = ScriptedCoordinator.Id, State = state };

    private async Task<List<TransactionState>> WatchAsync(CancellationToken cancellationToken = default)
    {
        var states = new List<TransactionState>();
        await foreach (var description in Client.WatchAsync(Id, cancellationToken))
            states.Add(description.State);
        return states;
    }
}
