using Coordinator.Contracts.V1;
using Coordinator.Testing;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Coordinator.Server.Tests;

/// <summary>The attach stream with participants that are wrong, hostile, silent, slow or doubled.</summary>
public class AttachTests
{
    private const string Branch = "inventory.4f7c01ab";

    public static TheoryData<string> WrongRegistrations => [.. Registrations.Keys];

    private static Dictionary<string, (Action<Register> Change, string Field)> Registrations { get; } = new()
    {
        ["name"] = (register => register.Name = "Inventory", "name"),
        ["name too long"] = (register => register.Name = new string('a', 41), "name"),
        ["instance"] = (register => register.Instance = "short", "instance"),
        ["no resource"] = (register => register.Resource = null, "resource"),
        ["kind"] = (register => register.Resource.Kind = (Contracts.V1.ResourceKind)9, "resource.kind"),
        ["server empty"] = (register => register.Resource.Server = "", "resource.server"),
        ["database too long"] = (register => register.Resource.Database = new string('x', 201), "resource.database"),
        ["row control"] = (register => register.Resource.Row = "a\nb", "resource.row"),
        ["mark epoch"] = (register => register.Marks.Add(new Contracts.V1.CoordinatorMark { Cluster = "k7q2m9xa", Epoch = "1" }), "marks.epoch"),
        ["mark cluster"] = (register => register.Marks.Add(new Contracts.V1.CoordinatorMark { Cluster = "K", Epoch = "1x9f8e7d6c" }), "marks.cluster"),
        ["mark position"] = (register => register.Marks.Add(new Contracts.V1.CoordinatorMark { Cluster = "k7q2m9xa", Epoch = "1x9f8e7d6c", Position = -1 }), "marks.position"),
        ["marks too many"] = (register => register.Marks.AddRange(Enumerable.Repeat(new Contracts.V1.CoordinatorMark { Cluster = "k7q2m9xa", Epoch = "1x9f8e7d6c" }, 101)), "marks"),
        ["max branches"] = (register => register.MaxBranches = 0, "max_branches"),
        ["version too long"] = (register => register.ServerVersion = new string('x', 201), "server_version"),
        ["address"] = (register => register.SqlAddress = "file:///etc/passwd", "sql_address"),
    };

    private static Dictionary<string, Answer> Lies { get; } = new()
    {
        ["another kind"] = new Answer { Done = new Done() },
        ["empty"] = new Answer(),
        ["no vote"] = new Answer { Vote = new VoteAnswer() },
        ["evidence too long"] = new Answer { Vote = new VoteAnswer { Vote = VoteAnswer.Types.Vote.Prepared, Evidence = new string('x', 257) } },
    };

    public static TheoryData<string> LyingVotes => [.. Lies.Keys];

    [Theory]
    [MemberData(nameof(WrongRegistrations))]
    public async Task Register_Malformed_IsRefusedWithTheField(string name)
    {
        await using var server = await TestServer.StartAsync();
        var register = ScriptedParticipant.Registration();
        Registrations[name].Change(register);

        var failure = await TestServer.FailureOfAsync(() => ScriptedParticipant.AttachAsync(server, register));

        Assert.Equal((StatusCode.InvalidArgument, Reason.Malformed), (failure.Status, failure.Reason));
        Assert.Equal(Registrations[name].Field, failure.Info.Metadata["field"]);
        Assert.Empty((await server.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants);
    }

    [Fact]
    public async Task Attach_FirstMessageIsNotRegister_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = ScriptedParticipant.Open(server);
        await participant.SendAsync(new ParticipantMessage { KeepAlive = new KeepAlive() });

        var failure = await TestServer.FailureOfAsync(participant.StartReadingAsync);

        Assert.Equal((StatusCode.InvalidArgument, "register"), (failure.Status, failure.Info.Metadata["field"]));
    }

    [Fact]
    public async Task Attach_RegistersTwiceOnOneStream_IsEnded()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await participant.SendAsync(new ParticipantMessage { Register = ScriptedParticipant.Registration() });

        var failure = await TestServer.FailureOfAsync(() => participant.Ended);

        Assert.Equal((StatusCode.InvalidArgument, Reason.Malformed), (failure.Status, failure.Reason));
        await AssertDetachedAsync(server);
    }

    [Fact]
    public async Task Attach_NeverRegisters_IsEnded()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        await using var participant = ScriptedParticipant.Open(server);
        // An empty stream reaches the server with its headers; only advancing once it is there can end it.
        var reading = TestServer.FailureOfAsync(participant.StartReadingAsync);
        await Eventually.AssertAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return reading.IsCompleted;
            },
            TestServer.Limit, "a stream without a registration ends");
        Assert.Equal(StatusCode.Unavailable, (await reading).Status);
    }

    [Fact]
    public async Task Attach_NameOfAnotherDatabase_IsAConflict()
    {
        await using var server = await TestServer.StartAsync();
        await using var first = await server.AttachAsync();
        var other = ScriptedParticipant.Registration(instance: "bbbb2222");
        other.Resource.Row = "another";

        var failure = await TestServer.FailureOfAsync(() => ScriptedParticipant.AttachAsync(server, other));

        Assert.Equal((StatusCode.FailedPrecondition, Reason.ParticipantIdentityConflict), (failure.Status, failure.Reason));
        Assert.Single((await server.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants.Single().Instances);
    }

    [Fact]
    public async Task Attach_SameInstanceAgain_ReplacesTheOlderStream()
    {
        await using var server = await TestServer.StartAsync();
        await using var older = await server.AttachAsync();
        await using var newer = await server.AttachAsync();

        var failure = await TestServer.FailureOfAsync(() => older.Ended);

        Assert.Equal((StatusCode.Unavailable, Reason.ParticipantUnavailable), (failure.Status, failure.Reason));
        var id = await server.BeginAsync();
        Assert.Equal("", (await newer.EnlistAsync(id, Branch)).RefusedReason);
        Assert.Equal(Outcome.Committed, (await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Branch } })).Outcome);
    }

    [Theory]
    [InlineData("orders.aaaa1111", "MALFORMED")]
    [InlineData("inventory.bbbb2222", "MALFORMED")]
    [InlineData("inventory", "MALFORMED")]
    public async Task Enlist_AnothersBranch_IsRefusedAndNotEnlisted(string branch, string reason)
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        var id = await server.BeginAsync();

        Assert.Equal(reason, (await participant.EnlistAsync(id, branch)).RefusedReason);

        Assert.Empty((await server.Transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction.Branches);
    }

    [Theory]
    [InlineData("nonsense", "MALFORMED")]
    [InlineData("zzzzzzzz-1x9f8e7d6c-1-0123456789abcdef", "TRANSACTION_NOT_FOUND")]
    public async Task Enlist_WrongTransaction_IsRefused(string id, string reason)
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        Assert.Equal(reason, (await participant.EnlistAsync(id, Branch)).RefusedReason);
    }

    [Fact]
    public async Task Enlist_MoreThanTheDatabaseHolds_IsOverloaded()
    {
        await using var server = await TestServer.StartAsync();
        var register = ScriptedParticipant.Registration();
        register.MaxBranches = 1;
        await using var participant = await ScriptedParticipant.AttachAsync(server, register);
        Assert.Equal("", (await participant.EnlistAsync(await server.BeginAsync(), Branch)).RefusedReason);
        Assert.Equal("OVERLOADED", (await participant.EnlistAsync(await server.BeginAsync(), Branch)).RefusedReason);
    }

    [Theory]
    [MemberData(nameof(LyingVotes))]
    public async Task Prepare_LyingAnswer_EndsTheStreamAndAborts(string lie)
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        inventory.Script = command => command.Prepare is not null ? Lies[lie].Clone() : ScriptedParticipant.Agree(command);
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, Branch);
        await orders.EnlistAsync(id, "orders.aaaa1111");

        var response = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Branch, "orders.aaaa1111" } });

        Assert.Equal((Outcome.Aborted, "PARTICIPANT_UNAVAILABLE"), (response.Outcome, response.ReasonCode));
        var failure = await TestServer.FailureOfAsync(() => inventory.Ended);
        Assert.Equal((StatusCode.InvalidArgument, Reason.Malformed), (failure.Status, failure.Reason));
        Assert.Single(orders.Commands, command => command.Rollback is not null);
    }

    [Fact]
    public async Task Scan_IdsOutsideTheGrammar_EndTheStream()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = ScriptedParticipant.Open(server);
        participant.Script = command => command.ListPrepared is null ? ScriptedParticipant.Agree(command) : new Answer
        {
            Scan = new Contracts.V1.PreparedScan { Branches = { new Contracts.V1.PreparedBranch { Raw = "x", TransactionId = "x' OR 1=1", Branch = Branch } } },
        };
        await participant.SendAsync(new ParticipantMessage { Register = ScriptedParticipant.Registration() });
        await participant.StartReadingAsync();

        var failure = await TestServer.FailureOfAsync(() => participant.Ended);

        Assert.Equal("scan.branches", failure.Info.Metadata["field"]);
    }

    [Fact]
    public async Task Answer_UnknownCommand_IsIgnored()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await participant.SendAsync(new ParticipantMessage { Answer = new Answer { CommandId = 4711, Done = new Done() } });

        var id = await server.BeginAsync();
        Assert.Equal("", (await participant.EnlistAsync(id, Branch)).RefusedReason);
    }

    // A failed command is no answer: the commit is sent again until it is done.
    [Fact]
    public async Task Commit_FailsTwice_IsSentAgainUnderNewIds()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        var failures = 2;
        inventory.Script = command => command.Commit is not null && failures-- > 0
            ? new Answer { Failed = new Failed { Message = "busy" } }
            : ScriptedParticipant.Agree(command);
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, Branch);
        await orders.EnlistAsync(id, "orders.aaaa1111");

        var response = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Branch, "orders.aaaa1111" } });

        Assert.Equal((Outcome.Committed, false), (response.Outcome, response.DeliveryPending));
        Assert.Equal(3, inventory.Commands.Where(command => command.Commit is not null).Select(command => command.CommandId).Distinct().Count());
    }

    // The stream ends between vote and commit: another instance of the name finishes the branch.
    [Fact]
    public async Task Commit_HolderDetachesAfterVoting_AnotherInstanceFinishes()
    {
        await using var server = await TestServer.StartAsync();
        await using var holder = await server.AttachAsync();
        await using var other = await server.AttachAsync(instance: "bbbb2222");
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        holder.Script = command => command.Commit is not null ? null : ScriptedParticipant.Agree(command);
        var id = await server.BeginAsync();
        await holder.EnlistAsync(id, Branch);
        await orders.EnlistAsync(id, "orders.aaaa1111");
        var commit = server.Transactions.CommitAsync(new CommitRequest { TransactionId = id, Branches = { Branch, "orders.aaaa1111" } });
        await Eventually.AssertAsync(() => holder.Commands.Any(command => command.Commit is not null), TestServer.Limit, "the holder is told to commit");

        await holder.CompleteAsync();

        Assert.Equal((Outcome.Committed, false), ((await commit).Outcome, (await commit).DeliveryPending));
        Assert.Equal(Branch, other.Commands.Single(command => command.Commit is not null).Commit.Branch);
        Assert.Equal("e1", other.Commands.Single(command => command.Commit is not null).Commit.Evidence);
    }

    [Fact]
    public async Task ResourceRestarted_Often_ScansAgainButNotOften()
    {
        await using var server = await TestServer.StartAsync();
        await using var participant = await server.AttachAsync();
        await Eventually.AssertAsync(() => participant.Commands.Any(command => command.Remember is not null), TestServer.Limit, "the first scan is done");
        var restarted = Enumerable.Repeat(new ParticipantMessage { ResourceRestarted = new ResourceRestarted { ServerStart = "s2" } }, 50).ToArray();

        await participant.SendAsync(restarted);

        await Eventually.AssertAsync(() => Scans(participant) >= 2, TestServer.Limit, "a scan follows the restart");
        // What came before this reply has been received.
        await participant.EnlistAsync(await server.BeginAsync(), Branch);
        Assert.InRange(Scans(participant), 2, 4);
    }

    [Fact]
    public async Task KeepAlive_SilentParticipant_IsDetached()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        await using var participant = await server.AttachAsync();
        Assert.Equal(TimeSpan.FromSeconds(5), participant.Registered.KeepAliveInterval.ToTimeSpan());
        // Its answers to the first scan must have been received BEFORE the clock moves, or they would count as a sign of life.
        await Eventually.AssertAsync(
            async () => (await server.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants.Single().LastScanAt is not null,
            TestServer.Limit, "the first scan is done");
        time.Advance(TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(5));
        await participant.NextAsync(message => message.KeepAlive is not null);

        time.Advance(TimeSpan.FromSeconds(5));

        var failure = await TestServer.FailureOfAsync(() => participant.Ended);
        Assert.Equal((StatusCode.Unavailable, Reason.ParticipantUnavailable), (failure.Status, failure.Reason));
        await AssertDetachedAsync(server);
    }

    [Fact]
    public async Task KeepAlive_ParticipantSendsThem_StaysAttached()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        await using var participant = await server.AttachAsync();
        for (var i = 0; i < 6; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await participant.SendAsync(new ParticipantMessage { KeepAlive = new KeepAlive() });
            // The reply tells that the server has received what was sent before it.
            await participant.EnlistAsync("x", Branch);
        }

        Assert.False(participant.Ended.IsCompleted);
    }

    [Fact]
    public async Task Send_ParticipantDoesNotRead_IsDetachedInsteadOfGrowing()
    {
        await using var server = await TestServer.StartAsync(options => options with { AttachQueue = 200 });
        await using var participant = ScriptedParticipant.Open(server);
        await participant.SendAsync(new ParticipantMessage { Register = ScriptedParticipant.Registration() });
        await Eventually.AssertAsync(async () => await InstancesAsync(server) == 1, TestServer.Limit, "it is attached");
        // Each is answered; nobody reads the answers.
        var enlists = Enumerable.Repeat(new ParticipantMessage { Enlist = new Enlist { TransactionId = "x", Branch = "y" } }, 1_000).ToArray();
        var flooding = Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (true)
                await participant.SendAsync(enlists);
        });

        await AssertDetachedAsync(server);
        await flooding.WaitAsync(TestServer.Limit);
    }

    private static int Scans(ScriptedParticipant participant) => participant.Commands.Count(command => command.ListPrepared is not null);

    private static async Task<int> InstancesAsync(TestServer server) =>
        (await server.Operators.ListParticipantsAsync(new ListParticipantsRequest())).Participants.SingleOrDefault()?.Instances.Count ?? 0;

    private static Task AssertDetachedAsync(TestServer server) =>
        Eventually.AssertAsync(async () => await InstancesAsync(server) == 0, TestServer.Limit, "the instance is detached");
}
