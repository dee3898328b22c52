using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.ScriptedServices;
using Coordinator.Testing;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coordinator.Client.Tests;

public class BeginTests : ClientTest
{
    [Fact]
    public async Task Begin_Options_AreSent()
    {
        await using var tx = await Client.BeginAsync(new BeginOptions
        {
            Timeout = TimeSpan.FromSeconds(12),
            Name = "order 17",
            IdempotencyKey = "order-17",
        });

        Assert.Equal(Id, tx.Id);
        Assert.False(tx.AlreadyCommitted);
        Assert.InRange(tx.Remaining, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        var request = Assert.Single(Coordinator.Begun.Requests);
        Assert.Equal(TimeSpan.FromSeconds(12), request.Timeout.ToTimeSpan());
        Assert.Equal("order 17", request.Name);
        Assert.Equal("order-17", request.IdempotencyKey);
        Assert.Equal(32, request.Attempt.Length);
    }

    [Fact]
    public async Task Begin_NoOptions_LeavesDefaultsToTheCoordinator()
    {
        await using var tx = await Client.BeginAsync();
        Assert.Equal(new BeginRequest(), Assert.Single(Coordinator.Begun.Requests));
    }

    [Fact]
    public async Task Begin_AnswerLost_RepeatsTheSameAttempt()
    {
        var script = new ScriptedCoordinator();
        script.Begun.LosesAnswer(Loss.Kill).LosesAnswer(Loss.Reset).Answers(Active(existing: false));
        await using var server = await LoopbackServer.StartAsync(script);
        using var client = CoordinatorClient.Connect(Options(server.Address));

        await using var tx = await client.BeginAsync(new BeginOptions { IdempotencyKey = "order-17" });

        Assert.Equal(3, script.Begun.Requests.Count);
        Assert.Single(script.Begun.Requests.Select(request => request.Attempt).Distinct());
    }

    [Fact]
    public async Task Begin_KeyOfOpenTransaction_IsInProgress()
    {
        var inProgress = await BeginFails<TransactionInProgressException>(Active(existing: true));
        Assert.Equal(Id, inProgress.TransactionId);
        Assert.Equal(TransactionState.Active, inProgress.State);
    }

    [Fact]
    public async Task Begin_KeyOfPreparingTransaction_IsInProgress() =>
        await BeginFails<TransactionInProgressException>(Found(TransactionState.Preparing, Outcome.Unspecified));

    [Fact]
    public async Task Begin_KeyOfAbortedTransaction_SaysAborted() =>
        await BeginFails<TransactionAbortedException>(Found(TransactionState.Aborted, Outcome.Aborted));

    [Fact]
    public async Task Begin_KeyOfCommittedTransaction_IsAlreadyCommitted()
    {
        var script = new ScriptedCoordinator();
        script.Begun.Answers(Found(TransactionState.Committed, Outcome.Committed));
        await using var server = await LoopbackServer.StartAsync(script);
        using var client = CoordinatorClient.Connect(Options(server.Address));

        await using (var tx = await client.BeginAsync(new BeginOptions { IdempotencyKey = "order-17" }))
        {
            Assert.True(tx.AlreadyCommitted);
            Assert.Throws<InvalidOperationException>(() => tx.MakeCurrent());
            await tx.CommitAsync();
        }

        Assert.Empty(script.Committed.Requests);
        Assert.Empty(script.RolledBack.Requests);
    }

    [Fact]
    public async Task Begin_TimeoutTooLong_IsMisuse()
    {
        var failure = RpcErrors.Create(StatusCode.InvalidArgument, Reason.Malformed, "the timeout is at most 10 minutes");
        var misuse = await BeginFails<ArgumentException>(failure);
        Assert.Equal("the timeout is at most 10 minutes", misuse.Message);
    }

    [Fact]
    public async Task Begin_Overloaded_IsUnavailableAtOnce()
    {
        var failure = RpcErrors.Create(StatusCode.ResourceExhausted, Reason.Overloaded, "too many open transactions");
        Assert.Equal(Reason.Overloaded, (await BeginFails<CoordinatorUnavailableException>(failure)).Reason);
    }

    [Fact]
    public async Task Begin_NotPermitted_IsRefused() =>
        await BeginFails<CoordinatorException>(new RpcException(new Status(StatusCode.PermissionDenied, "no")));

    [Fact]
    public async Task Begin_NobodyListens_IsUnavailable()
    {
        await Server.DisposeAsync();
        using var client = CoordinatorClient.Connect(
            Options(Server.Address) with { CallTimeout = TimeSpan.FromMilliseconds(300) });
        await Assert.ThrowsAsync<CoordinatorUnavailableException>(() => client.BeginAsync());
    }

    [Fact]
    public async Task Begin_Canceled_SaysSo()
    {
        using var canceled = new CancellationTokenSource();
        var script = new ScriptedCoordinator();
        script.Begun.Hangs();
        await using var server = await LoopbackServer.StartAsync(script);
        using var client = CoordinatorClient.Connect(Options(server.Address));
        var begin = client.BeginAsync(null, canceled.Token);
        await Eventually.AssertAsync(() => script.Begun.Requests.Count == 1, Limit, "begin was sent");
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => begin);
    }

    [Fact]
    public async Task Begin_BadOptions_AreMisuse()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Client.BeginAsync(new BeginOptions { Name = new string('x', 101) }));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.BeginAsync(new BeginOptions { IdempotencyKey = "" }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Client.BeginAsync(new BeginOptions { Timeout = TimeSpan.Zero }));
        Assert.Empty(Coordinator.Begun.Requests);
    }

    [Theory]
    [InlineData("127.0.0.1:7070")]
    [InlineData("/relative")]
    [InlineData("ftp://127.0.0.1")]
    public void Connect_BadAddress_IsMisuse(string address) =>
        Assert.Throws<ArgumentException>(() => CoordinatorClient.Connect(new Uri(address, UriKind.RelativeOrAbsolute)));

    private static BeginResponse Active(bool existing) => new()
    {
        TransactionId = ScriptedCoordinator.Id,
        State = TransactionState.Active,
        Remaining = Duration.FromTimeSpan(TimeSpan.FromSeconds(30)),
        Existing = existing,
    };

    private static BeginResponse Found(TransactionState state, Outcome outcome) => new()
    {
        TransactionId = ScriptedCoordinator.Id,
        State = state,
        Outcome = outcome,
        Existing = true,
    };

    private Task<T> BeginFails<T>(BeginResponse answer)
        where T : Exception => BeginFails<T>(script => script.Begun.Answers(answer));

    private Task<T> BeginFails<T>(RpcException failure)
        where T : Exception => BeginFails<T>(script => script.Begun.Fails(failure));

    private async Task<T> BeginFails<T>(Action<ScriptedCoordinator> write)
        where T : Exception
    {
        var script = new ScriptedCoordinator();
        write(script);
        await using var server = await LoopbackServer.StartAsync(script);
        using var client = CoordinatorClient.Connect(Options(server.Address));
        var failure = await Assert.ThrowsAsync<T>(() => client.BeginAsync(new BeginOptions { IdempotencyKey = "order-17" }));
        Assert.Single(script.Begun.Requests);
        return failure;
    }
}
