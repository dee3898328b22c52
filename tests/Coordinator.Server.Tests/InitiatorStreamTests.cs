using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Coordinator.Server.Tests;

/// <summary>The initiators' stream: good, wrong, silent and hostile.</summary>
public class InitiatorStreamTests
{
    private const string Branch = "inventory.4f7c01ab";

    private static Dictionary<string, (InitiatorMessage Message, string Field)> Wrong { get; } = new()
    {
        ["open twice"] = (new InitiatorMessage { Open = new OpenInitiator() }, "open"),
        ["empty"] = (new InitiatorMessage(), "message"),
        ["decide: id"] = (new InitiatorMessage { Decide = new Decide { TransactionId = "x'; DROP" } }, "transaction_id"),
        ["decide: branch"] = (new InitiatorMessage { Decide = Vote("k7q2m9xa-1x9f8e7d6c-1-0123456789abcdef", "Inventory") }, "branch"),
        ["decide: evidence"] = (new InitiatorMessage { Decide = Vote("k7q2m9xa-1x9f8e7d6c-1-0123456789abcdef", Branch, new string('x', 257)) }, "evidence"),
        ["decide: votes"] = (new InitiatorMessage { Decide = Votes(257) }, "prepared"),
        ["told: id"] = (new InitiatorMessage { Told = new Told() }, "transaction_id"),
        ["told: branch"] = (new InitiatorMessage { Told = new Told { TransactionId = "k7q2m9xa-1x9f8e7d6c-1-0123456789abcdef", Untold = { "a.b" } } }, "untold"),
        ["release"] = (new InitiatorMessage { Release = new ReleaseId { TransactionId = "1" } }, "transaction_id"),
    };

    public static TheoryData<string> WrongMessages => [.. Wrong.Keys];

    [Fact]
    public async Task Decide_AReservedId_IsCommittedAndItsBranchesAreToldUnlessTheyWere()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await using var initiator = await OpenAsync(server);
        var ids = await initiator.ReserveAsync(2);

        Assert.Equal(Outcome.Committed, (await initiator.DecideAsync(Vote(ids[0], Branch))).Outcome);
        await initiator.SendAsync(new InitiatorMessage { Told = new Told { TransactionId = ids[0] } });
        Assert.Equal(Outcome.Committed, (await initiator.DecideAsync(Vote(ids[1], Branch))).Outcome);
        await initiator.SendAsync(new InitiatorMessage { Told = new Told { TransactionId = ids[1], Untold = { Branch } } });

        await Eventually.AssertAsync(() => participant.Commands.Any(command => command.Commit?.TransactionId == ids[1]), TestServer.Limit, "the untold is told");
        Assert.DoesNotContain(participant.Commands, command => command.Commit?.TransactionId == ids[0] || command.Prepare is not null);
    }

    [Fact]
    public async Task End_OfTheStream_FencesItsIds_R3()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        string id;
        await using (var lost = await OpenAsync(server))
            id = (await lost.ReserveAsync(1))[0];
        await using var next = await OpenAsync(server);

        var decided = await next.DecideAsync(Vote(id, Branch));

        Assert.Equal((Outcome.Aborted, "PARTICIPANT_UNAVAILABLE"), (decided.Outcome, decided.ReasonCode));
    }

    [Fact]
    public async Task Decide_RefusedByTheEngine_SaysWhyAndTheStreamGoesOn()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await using var initiator = await OpenAsync(server);
        var id = (await initiator.ReserveAsync(1))[0];

        Assert.Equal("MALFORMED", (await initiator.DecideAsync(new Decide { TransactionId = id })).ReasonCode);
        Assert.Equal("TRANSACTION_NOT_FOUND", (await initiator.DecideAsync(Vote("zzzzzzzz-1x9f8e7d6c-1-0123456789abcdef", Branch))).ReasonCode);

        Assert.Equal(Outcome.Committed, (await initiator.DecideAsync(Vote(id, Branch))).Outcome);
    }

    [Fact]
    public async Task Reserve_TooMany_IsRefusedAndTheStreamGoesOn()
    {
        await using var server = await TestServer.StartAsync(options => options with { Engine = options.Engine with { MaxReservedIds = 5 } });
        await using var initiator = await OpenAsync(server);

        await initiator.SendAsync(new InitiatorMessage { Reserve = new ReserveIds { Count = int.MaxValue } });
        var refused = (await initiator.ReadAsync()).Reserved;

        Assert.Equal(("OVERLOADED", 0), (refused.RefusedReason, refused.TransactionIds.Count));
        Assert.Contains("MaxReservedIds", refused.Message, StringComparison.Ordinal);
        Assert.Equal(5, (await initiator.ReserveAsync(5)).Count);
    }

    [Fact]
    public async Task Open_TooMany_IsRefused()
    {
        await using var server = await TestServer.StartAsync(options => options with { Engine = options.Engine with { MaxInitiators = 1 } });
        await using var first = await OpenAsync(server);

        var failure = await TestServer.FailureOfAsync(() => OpenAsync(server));

        Assert.Equal((StatusCode.ResourceExhausted, Reason.Overloaded), (failure.Status, failure.Reason));
    }

    [Fact]
    public async Task Initiate_FirstMessageIsNotOpen_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        await using var initiator = new RawInitiator(server);
        await initiator.SendAsync(new InitiatorMessage { Reserve = new ReserveIds { Count = 1 } });

        var failure = await TestServer.FailureOfAsync(initiator.ReadAsync);

        Assert.Equal((StatusCode.InvalidArgument, "open"), (failure.Status, failure.Info.Metadata["field"]));
    }

    [Theory]
    [MemberData(nameof(WrongMessages))]
    public async Task Message_Malformed_EndsTheStreamWithTheField(string name)
    {
        await using var server = await TestServer.StartAsync();
        await using var initiator = await OpenAsync(server);
        await initiator.SendAsync(Wrong[name].Message);

        var failure = await TestServer.FailureOfAsync(initiator.ReadAsync);

        Assert.Equal((StatusCode.InvalidArgument, Wrong[name].Field), (failure.Status, failure.Info.Metadata["field"]));
    }

    [Fact]
    public async Task Initiate_Silent_IsEnded()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        await using var initiator = await OpenAsync(server);
        var ended = TestServer.FailureOfAsync(async () =>
        {
            while (true)
                await initiator.ReadAsync();
        });

        await Eventually.AssertAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return ended.IsCompleted;
            },
            TestServer.Limit, "a silent stream ends");

        Assert.Equal(StatusCode.Unavailable, (await ended).Status);
    }

    private static Decide Vote(string id, string branch, string evidence = "") =>
        new() { TransactionId = id, Prepared = { new PreparedVote { Branch = branch, Evidence = evidence } } };

    private static Decide Votes(int count) => new()
    {
        TransactionId = "k7q2m9xa-1x9f8e7d6c-1-0123456789abcdef",
        Prepared = { Enumerable.Repeat(new PreparedVote { Branch = Branch }, count) },
    };

    private static async Task<RawInitiator> OpenAsync(TestServer server)
    {
        var initiator = new RawInitiator(server);
        await initiator.SendAsync(new InitiatorMessage { Open = new OpenInitiator { Name = "shop" } });
        Assert.Equal(server.Server.Coordinator.Epoch.ToString(), (await initiator.ReadAsync()).Opened.Epoch);
        return initiator;
    }

    private sealed class RawInitiator(TestServer server) : IAsyncDisposable
    {
        private readonly AsyncDuplexStreamingCall<InitiatorFrame, InitiatorReplyFrame> _call =
            new InitiatorService.InitiatorServiceClient(server.Invoker).Initiate();

        private readonly Queue<InitiatorReply> _replies = new();

        public Task SendAsync(InitiatorMessage message) => _call.RequestStream.WriteAsync(new InitiatorFrame { Messages = { message } });

        public async Task<InitiatorReply> ReadAsync()
        {
            while (_replies.Count == 0)
            {
                Assert.True(await _call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TestServer.Limit));
                foreach (var message in _call.ResponseStream.Current.Messages.Where(message => message.KeepAlive is null))
                    _replies.Enqueue(message);
            }

            return _replies.Dequeue();
        }

        public async Task<IReadOnlyList<string>> ReserveAsync(int count)
        {
            await SendAsync(new InitiatorMessage { Reserve = new ReserveIds { Count = count } });
            return (await ReadAsync()).Reserved.TransactionIds;
        }

        public async Task<Decided> DecideAsync(Decide decide)
        {
            await SendAsync(new InitiatorMessage { Decide = decide });
            return (await ReadAsync()).Decided;
        }

        public ValueTask DisposeAsync()
        {
            _call.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
