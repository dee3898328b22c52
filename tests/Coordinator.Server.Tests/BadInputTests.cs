using Coordinator.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coordinator.Server.Tests;

/// <summary>Every method with what it must refuse: the status, the reason, and which field.</summary>
public class BadInputTests
{
    private const string NoId = "no id; DROP TABLE t", Unknown = "unknown", Foreign = "foreign", Good = "good";

    private static readonly Dictionary<string, (Func<TestServer, Ids, Task> Call, StatusCode Status, Reason Reason, string? Field)> Cases = new()
    {
        ["Begin timeout too long"] = (Begin(new BeginRequest { Timeout = new Duration { Seconds = 100_000 } }), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Begin timeout negative"] = (Begin(new BeginRequest { Timeout = new Duration { Seconds = -1 } }), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Begin timeout no duration"] = (Begin(new BeginRequest { Timeout = new Duration { Seconds = long.MaxValue } }), StatusCode.InvalidArgument, Reason.Malformed, "timeout"),
        ["Begin name too long"] = (Begin(new BeginRequest { Name = new string('x', 101) }), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Begin name with control characters"] = (Begin(new BeginRequest { Name = "a\u001b[2J" }), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Begin key too long"] = (Begin(new BeginRequest { IdempotencyKey = new string('x', 101) }), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Commit no id"] = (Commit(NoId), StatusCode.InvalidArgument, Reason.Malformed, "transaction_id"),
        ["Commit foreign"] = (Commit(Foreign), StatusCode.NotFound, Reason.TransactionNotFound, null),
        ["Commit no branch name"] = (Commit(Good, "Inventory"), StatusCode.InvalidArgument, Reason.Malformed, "branches"),
        ["Commit too many branches"] = (Commit(Good, [.. Enumerable.Range(0, 257).Select(i => $"p{i}.aaaa1111")]), StatusCode.InvalidArgument, Reason.Malformed, "branches"),
        ["Rollback no id"] = (Rollback(NoId), StatusCode.InvalidArgument, Reason.Malformed, "transaction_id"),
        ["Rollback foreign"] = (Rollback(Foreign), StatusCode.NotFound, Reason.TransactionNotFound, null),
        ["Rollback reason too long"] = (Rollback(Good, new string('x', 201)), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Get no id"] = (Get(NoId), StatusCode.InvalidArgument, Reason.Malformed, "transaction_id"),
        ["Get foreign"] = (Get(Foreign), StatusCode.NotFound, Reason.TransactionNotFound, null),
        ["Watch no id"] = (Watch(NoId), StatusCode.InvalidArgument, Reason.Malformed, "transaction_id"),
        ["Watch foreign"] = (Watch(Foreign), StatusCode.NotFound, Reason.TransactionNotFound, null),
        ["List too many"] = (List(new ListTransactionsRequest { Limit = 1_001 }), StatusCode.InvalidArgument, Reason.Malformed, "limit"),
        ["List negative"] = (List(new ListTransactionsRequest { Limit = -1 }), StatusCode.InvalidArgument, Reason.Malformed, "limit"),
        ["List no state"] = (List(new ListTransactionsRequest { States = { (TransactionState)77 } }), StatusCode.InvalidArgument, Reason.Malformed, "states"),
        ["Show no id"] = (Show(NoId), StatusCode.InvalidArgument, Reason.Malformed, "transaction_id"),
        ["Show foreign"] = (Show(Foreign), StatusCode.NotFound, Reason.TransactionNotFound, null),
        ["Resolve no id"] = (Resolve(NoId, "", ResolveRequest.Types.Action.Commit, "r"), StatusCode.InvalidArgument, Reason.Malformed, "transaction_id"),
        ["Resolve no action"] = (Resolve(Good, "", default, "r"), StatusCode.InvalidArgument, Reason.Malformed, "action"),
        ["Resolve no reason"] = (Resolve(Good, "", ResolveRequest.Types.Action.Rollback, " "), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Resolve no branch name"] = (Resolve(Good, "x", ResolveRequest.Types.Action.Rollback, "r"), StatusCode.InvalidArgument, Reason.Malformed, "branch"),
        ["Resolve commit of an undecided one"] = (Resolve(Good, "", ResolveRequest.Types.Action.Commit, "r"), StatusCode.FailedPrecondition, Reason.WrongState, null),
        ["Resolve foreign"] = (Resolve(Foreign, "", ResolveRequest.Types.Action.Rollback, "r"), StatusCode.NotFound, Reason.TransactionNotFound, null),
        ["Resolve foreign branch"] = (Resolve(Foreign, "inventory.4f7c01ab", ResolveRequest.Types.Action.Rollback, "r"), StatusCode.NotFound, Reason.TransactionNotFound, null),
        ["Resolve nothing in doubt"] = (Resolve(Unknown, "", ResolveRequest.Types.Action.Rollback, "r"), StatusCode.FailedPrecondition, Reason.NotInDoubt, null),
        ["Forget no id"] = (Forget(NoId, "r"), StatusCode.InvalidArgument, Reason.Malformed, "transaction_id"),
        ["Forget nothing"] = (Forget(Good, "r"), StatusCode.FailedPrecondition, Reason.NotInDoubt, null),
        ["Forget reason too long"] = (Forget(Good, new string('x', 501)), StatusCode.InvalidArgument, Reason.Malformed, null),
        ["Remove no name"] = (Remove("Inventory!"), StatusCode.InvalidArgument, Reason.Malformed, "name"),
        ["Remove unknown"] = (Remove("nobody"), StatusCode.NotFound, Reason.ParticipantNotFound, null),
    };

    [Fact]
    public async Task EveryMethod_BadInput_IsRefusedWithReasonAndField()
    {
        await using var server = await TestServer.StartAsync();
        var ids = await Ids.MakeAsync(server);
        foreach (var (name, (call, status, reason, field)) in Cases)
        {
            var failure = await TestServer.FailureOfAsync(() => call(server, ids));
            Assert.Equal((name, status, reason), (name, failure.Status, failure.Reason));
            Assert.Equal((name, field), (name, failure.Info.Metadata.TryGetValue("field", out var named) ? named : null));
            Assert.Equal("coordinator", failure.Info.Domain);
        }

        var status1 = await server.Operators.GetStatusAsync(new GetStatusRequest());
        Assert.Equal(("SERVING", 1L), (status1.Health, status1.OpenTransactions["Active"]));
    }

    [Fact]
    public async Task Get_MalformedId_NamesTheGrammarAndNotTheInput()
    {
        await using var server = await TestServer.StartAsync();
        var exception = await Assert.ThrowsAsync<RpcException>(async () => await server.Transactions.GetAsync(new GetRequest { TransactionId = NoId }));
        Assert.Contains("transaction_id: A transaction id is {cluster}-{epoch}-{sequence}-{random}", exception.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("DROP", exception.Status.Detail, StringComparison.Ordinal);
    }

    // Never handed out, but of this cluster: no record of it proves nothing (R13).
    [Fact]
    public async Task Commit_NeverHandedOut_IsUnknown()
    {
        await using var server = await TestServer.StartAsync();
        var ids = await Ids.MakeAsync(server);
        var response = await server.Transactions.CommitAsync(new CommitRequest { TransactionId = ids.Of(Unknown) });
        Assert.Equal((Outcome.Unknown, "NO_RECORD"), (response.Outcome, response.ReasonCode));
    }

    [Fact]
    public async Task Rollback_Committed_IsWrongState()
    {
        await using var server = await TestServer.StartAsync();
        var id = await server.BeginAsync();
        await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id });

        var failure = await TestServer.FailureOfAsync(async () => await server.Transactions.RollbackAsync(new RollbackRequest { TransactionId = id }));

        Assert.Equal((StatusCode.FailedPrecondition, Reason.WrongState, id), (failure.Status, failure.Reason, failure.Info.Metadata["transaction_id"]));
    }

    [Fact]
    public async Task Message_TooLarge_IsRefusedWithReason()
    {
        await using var server = await TestServer.StartAsync(options => options with { MaxMessageBytes = 16 * 1024 });
        var request = new BeginRequest { Name = new string('x', 20_000) };

        var failure = await TestServer.FailureOfAsync(async () => await server.Transactions.BeginAsync(request));

        Assert.Equal((StatusCode.ResourceExhausted, Reason.Malformed), (failure.Status, failure.Reason));
        await server.BeginAsync();
    }

    [Fact]
    public async Task Call_UnknownMethodOrNoProtobuf_HasAReason()
    {
        await using var server = await TestServer.StartAsync();
        var marshaller = Marshallers.Create(bytes => bytes, bytes => bytes);
        var noMethod = new Method<byte[], byte[]>(MethodType.Unary, "coordinator.v1.TransactionService", "Nothing", marshaller, marshaller);
        var begin = new Method<byte[], byte[]>(MethodType.Unary, "coordinator.v1.TransactionService", "Begin", marshaller, marshaller);

        var unknown = await TestServer.FailureOfAsync(async () => await server.Invoker.AsyncUnaryCall(noMethod, null, default, []));
        var garbage = await TestServer.FailureOfAsync(async () => await server.Invoker.AsyncUnaryCall(begin, null, default, [0xFF, 0xFF, 0xFF]));

        Assert.Equal(StatusCode.Unimplemented, unknown.Status);
        Assert.Equal((StatusCode.InvalidArgument, Reason.Malformed), (garbage.Status, garbage.Reason));
    }

    private static Func<TestServer, Ids, Task> Begin(BeginRequest request) => async (server, _) => await server.Transactions.BeginAsync(request);

    private static Func<TestServer, Ids, Task> Commit(string id, params string[] branches) =>
        async (server, ids) => await server.Transactions.CommitAsync(new CommitRequest { TransactionId = ids.Of(id), Branches = { branches } });

    private static Func<TestServer, Ids, Task> Rollback(string id, string reason = "") =>
        async (server, ids) => await server.Transactions.RollbackAsync(new RollbackRequest { TransactionId = ids.Of(id), Reason = reason });

    private static Func<TestServer, Ids, Task> Get(string id) =>
        async (server, ids) => await server.Transactions.GetAsync(new GetRequest { TransactionId = ids.Of(id) });

    private static Func<TestServer, Ids, Task> Watch(string id) => async (server, ids) =>
    {
        using var watch = server.Transactions.Watch(new WatchRequest { TransactionId = ids.Of(id) });
        await watch.ResponseStream.MoveNext(CancellationToken.None);
    };

    private static Func<TestServer, Ids, Task> List(ListTransactionsRequest request) =>
        async (server, _) => await server.Operators.ListTransactionsAsync(request);

    private static Func<TestServer, Ids, Task> Show(string id) =>
        async (server, ids) => await server.Operators.ShowTransactionAsync(new ShowTransactionRequest { TransactionId = ids.Of(id) });

    private static Func<TestServer, Ids, Task> Resolve(string id, string branch, ResolveRequest.Types.Action action, string reason) =>
        async (server, ids) => await server.Operators.ResolveAsync(
            new ResolveRequest { TransactionId = ids.Of(id), Branch = branch, Action = action, Reason = reason });

    private static Func<TestServer, Ids, Task> Forget(string id, string reason) =>
        async (server, ids) => await server.Operators.ForgetAsync(new ForgetRequest { TransactionId = ids.Of(id), Reason = reason });

    private static Func<TestServer, Ids, Task> Remove(string name) =>
        async (server, _) => await server.Operators.RemoveParticipantAsync(new RemoveParticipantRequest { Name = name, Reason = "gone" });

    /// <summary>Ids by role: a live one, one of this cluster that was never handed out, another cluster's.</summary>
    private sealed record Ids(string Live, string Unknown, string Foreign)
    {
        public static async Task<Ids> MakeAsync(TestServer server)
        {
            var live = await server.BeginAsync();
            var id = TransactionId.Parse(live);
            return new Ids(
                live,
                TransactionId.Create(id.Cluster, id.Epoch, 4711, 1).Value,
                TransactionId.Create(ClusterId.Parse(id.Cluster.Value == "zzzzzzzz" ? "yyyyyyyy" : "zzzzzzzz"), id.Epoch, 1, 1).Value);
        }

        public string Of(string role) => role switch
        {
            Good => Live,
            BadInputTests.Unknown => Unknown,
            BadInputTests.Foreign => Foreign,
            _ => role,
        };
    }
}
