using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Coordinator.Log;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Server.Tests;

/// <summary>A server in this process on free ports of loopback, with a log in memory, and clients for it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly GrpcChannel _channel;

    private TestServer(CoordinatorServer server)
    {
        Server = server;
        _channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        Transactions = new TransactionService.TransactionServiceClient(_channel);
        Operators = new OperatorService.OperatorServiceClient(_channel);
        Participants = new ParticipantService.ParticipantServiceClient(_channel);
    }

    public CoordinatorServer Server { get; }

    public TransactionService.TransactionServiceClient Transactions { get; }

    public OperatorService.OperatorServiceClient Operators { get; }

    public ParticipantService.ParticipantServiceClient Participants { get; }

    public CallInvoker Invoker => _channel.CreateCallInvoker();

    public static ServerOptions Options => new() { Listen = "127.0.0.1:0", HealthListen = "127.0.0.1:0" };

    public static async Task<TestServer> StartAsync(
        Func<ServerOptions, ServerOptions>? change = null, TimeProvider? time = null, ITransactionLog? log = null, string? logPath = null)
    {
        var options = change is null ? Options : change(Options);
        if (logPath is not null)
            options = options with { Log = new SqliteLogOptions { Path = logPath } };
        return new TestServer(await CoordinatorServer.StartAsync(options, new ServerParts
        {
            Log = log ?? (logPath is null ? new InMemoryTransactionLog() : null),
            Time = time,
            Loggers = NullLoggerFactory.Instance,
        }));
    }

    /// <summary>Begins a transaction that no deadline ends during a test.</summary>
    public async Task<string> BeginAsync() => (await Transactions.BeginAsync(new BeginRequest())).TransactionId;

    public Task<ScriptedParticipant> AttachAsync(string name = "inventory", string instance = "4f7c01ab") =>
        ScriptedParticipant.AttachAsync(this, ScriptedParticipant.Registration(name, instance));

    /// <summary>The status and the ErrorInfo of a call that must fail; every failure has both.</summary>
    public static async Task<(StatusCode Status, Reason Reason, Google.Rpc.ErrorInfo Info)> FailureOfAsync(Func<Task> call)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(call).WaitAsync(Limit);
        Assert.True(RpcErrors.TryGetErrorInfo(exception, out var info), $"{exception.Status} has no ErrorInfo.");
        Assert.True(RpcErrors.TryParse(info.Reason, out var reason), info.Reason);
        return (exception.StatusCode, reason, info);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await Server.DisposeAsync();
    }
}
