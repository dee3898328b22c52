using System.Net;
using System.Security.Cryptography.X509Certificates;
using Coordinator.Contracts.V1;
using Coordinator.Log;
using Coordinator.Testing;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Server.Tests;

/// <summary>Health, metrics, TLS, and stopping in order.</summary>
public class HostingTests
{
    [Fact]
    public async Task Health_Serving_IsLiveReadyAndMeasured()
    {
        await using var server = await TestServer.StartAsync();
        await server.BeginAsync();
        using var http = new HttpClient { BaseAddress = server.Server.HealthAddress };

        Assert.Equal("live\n", await http.GetStringAsync(new Uri("/health/live", UriKind.Relative)));
        Assert.Equal("SERVING\n", await http.GetStringAsync(new Uri("/health/ready", UriKind.Relative)));
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("# TYPE coordinator_transactions_begun_total counter", metrics, StringComparison.Ordinal);
        Assert.Contains("coordinator_calls_duration_seconds_bucket{method=\"/coordinator.v1.TransactionService/Begin\",status=\"OK\",le=\"+Inf\"}", metrics, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/else", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync(new Uri("/metrics", UriKind.Relative), null)).StatusCode);
    }

    // Scenario: a commit is decided and one participant does not answer. Expected: new work is refused, the commit is
    // waited for, then the attach streams end, and the server is gone.
    [Fact]
    public async Task Stop_CommitBeingDelivered_WaitsForItAndRefusesNewWork()
    {
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        var told = new TaskCompletionSource<Command>();
        orders.Script = command =>
        {
            if (command.Commit is null)
                return ScriptedParticipant.Agree(command);
            told.TrySetResult(command);
            return null;
        };
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, "inventory.4f7c01ab");
        await orders.EnlistAsync(id, "orders.aaaa1111");
        var commit = await server.Transactions.CommitAsync(
            new CommitRequest { TransactionId = id, Branches = { "inventory.4f7c01ab", "orders.aaaa1111" }, Return = CommitReturn.Decided });
        Assert.Equal((Outcome.Committed, true), (commit.Outcome, commit.DeliveryPending));
        var command = await told.Task.WaitAsync(TestServer.Limit);

        var stopping = server.Server.StopAsync();
        using var http = new HttpClient { BaseAddress = server.Server.HealthAddress };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync(new Uri("/health/ready", UriKind.Relative))).StatusCode);
        var begin = await TestServer.FailureOfAsync(server.BeginAsync);
        Assert.Equal((StatusCode.Unavailable, Reason.Draining), (begin.Status, begin.Reason));
        var attach = await TestServer.FailureOfAsync(() => server.AttachAsync("third", "cccc3333"));
        Assert.Equal((StatusCode.Unavailable, Reason.Draining), (attach.Status, attach.Reason));
        Assert.Equal("DRAINING", (await server.Operators.GetStatusAsync(new GetStatusRequest())).Health);
        Assert.False(stopping.IsCompleted);
        var answer = ScriptedParticipant.Agree(command)!;
        answer.CommandId = command.CommandId;
        await orders.SendAsync(new ParticipantMessage { Answer = answer });

        var ended = await TestServer.FailureOfAsync(() => orders.Ended);
        Assert.Equal((StatusCode.Unavailable, Reason.Draining), (ended.Status, ended.Reason));
        await stopping.WaitAsync(TestServer.Limit);
    }

    // Scenario: the drain's limit passes while a caller waits for a branch. Expected: the caller is told, the stop goes on.
    [Fact]
    public async Task Stop_LimitPasses_EndsWaitingCallsAndKeepsTheDecision()
    {
        var storage = new InMemoryLogStorage();
        await using var server = await TestServer.StartAsync(
            options => options with { Engine = new Engine.EngineOptions { DrainLimit = TimeSpan.Zero, DeliveryWait = TimeSpan.FromMinutes(1) } },
            log: new InMemoryTransactionLog(storage));
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders", "aaaa1111");
        var told = new TaskCompletionSource();
        orders.Script = command =>
        {
            if (command.Commit is null)
                return ScriptedParticipant.Agree(command);
            told.TrySetResult();
            return null;
        };
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, "inventory.4f7c01ab");
        await orders.EnlistAsync(id, "orders.aaaa1111");
        var commit = TestServer.FailureOfAsync(async () => await server.Transactions.CommitAsync(
            new CommitRequest { TransactionId = id, Branches = { "inventory.4f7c01ab", "orders.aaaa1111" } }));
        await told.Task.WaitAsync(TestServer.Limit);

        await server.Server.StopAsync().WaitAsync(TestServer.Limit);

        var failure = await commit;
        Assert.Equal((StatusCode.Unavailable, Reason.Draining), (failure.Status, failure.Reason));
        await using var next = await TestServer.StartAsync(log: new InMemoryTransactionLog(storage));
        var resumed = (await next.Transactions.GetAsync(new GetRequest { TransactionId = id })).Transaction;
        Assert.Equal(Outcome.Committed, resumed.Outcome);
    }

    [Fact]
    public async Task Tls_ClientAuthority_LetsOnlyItsClientsIn()
    {
        var folder = Directory.CreateTempSubdirectory("coordinator-tls-").FullName;
        try
        {
            using var certificate = TestCertificate.Create();
            using var known = TestCertificate.Create("client");
            using var stranger = TestCertificate.Create("stranger");
            var (certificateFile, keyFile) = TestCertificate.Write(certificate, folder, "server");
            var (clientFile, _) = TestCertificate.Write(known, folder, "client");
            await using var server = await CoordinatorServer.StartAsync(
                TestServer.Options with { TlsCertificate = certificateFile, TlsKey = keyFile, TlsClientCa = clientFile },
                new ServerParts { Log = new InMemoryTransactionLog(), Loggers = NullLoggerFactory.Instance });

            Assert.Equal("https", server.Address.Scheme);
            Assert.NotEqual("", await BeginAsync(server.Address, certificate, known));
            await Assert.ThrowsAsync<RpcException>(() => BeginAsync(server.Address, certificate, stranger));
            await Assert.ThrowsAsync<RpcException>(() => BeginAsync(server.Address, certificate, client: null));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> BeginAsync(Uri address, X509Certificate2 server, X509Certificate2? client)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented?.GetCertHashString() == server.GetCertHashString();
        if (client is not null)
            handler.SslOptions.ClientCertificates = [client];
        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler });
        return (await new TransactionService.TransactionServiceClient(channel).BeginAsync(new BeginRequest())).TransactionId;
    }
}
