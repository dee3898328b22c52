using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Coordinator.Grpc.Tests.Interop;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Coordinator.Grpc.Tests.Loopback;

/// <summary>What the coordinator relies on beyond the interoperability cases.</summary>
public class TransportTests
{
    [Fact]
    public async Task Deadline_Passed_EndsTheCallOnBothSides()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);
        DateTime deadline = DateTime.UtcNow.AddMilliseconds(300);
        using var call = Client(channel).StreamingOutputCall(Slow, deadline: deadline);

        await Fails(StatusCode.DeadlineExceeded, () => call.ResponseStream.MoveNext());
        DateTime seenByServer = await server.Calls.Cancelled.Task.Within();
        Assert.InRange(seenByServer, deadline.AddSeconds(-1), deadline.AddSeconds(1));
    }

    [Fact]
    public async Task Cancellation_ByTheClient_ReachesTheServer()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);
        using var source = new CancellationTokenSource();
        using var call = Client(channel).FullDuplexCall(cancellationToken: source.Token);
        await PingOnce(call);
        Assert.False(server.Calls.Cancelled.Task.IsCompleted);
        await source.CancelAsync();

        await Fails(StatusCode.Cancelled, () => call.ResponseStream.MoveNext());
        Assert.Equal(DateTime.MaxValue, await server.Calls.Cancelled.Task.Within());
    }

    [Fact]
    public async Task Dispose_OfARunningCall_CancelsItOnTheServer()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);
        var call = Client(channel).FullDuplexCall();
        await PingOnce(call);
        call.Dispose();

        await server.Calls.Cancelled.Task.Within();
    }

    [Fact]
    public async Task Cancellation_ByTheServer_ReachesTheClient()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);
        using var call = Client(channel).FullDuplexCall();
        await PingOnce(call);
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest
        {
            ResponseStatus = new EchoStatus { Code = (int)StatusCode.Cancelled, Message = "no more" },
        });

        RpcException fault = await Fails(StatusCode.Cancelled, () => call.ResponseStream.MoveNext());
        Assert.Equal("no more", fault.Status.Detail);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Stop_WithAnOpenDuplexStream_EndsItAtOnce()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);
        using var call = Client(channel).FullDuplexCall();
        await PingOnce(call);

        long start = Stopwatch.GetTimestamp();
        Task stopped = server.StopAsync();
        RpcException fault = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext()).Within();
        await stopped.Within();

        // Internal is the client's word when the connection's end overtakes the status.
        Assert.True(fault.StatusCode is StatusCode.Unavailable or StatusCode.Internal, fault.ToString());
        // A host that waits for its streams takes 30 seconds.
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Interceptors_OnBothSides_SeeEveryKindOfCallInOrder()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);
        var seen = new List<string>();
        var client = new TestService.TestServiceClient(channel.Intercept(
            new Tracing("outer", seen), new Tracing("inner", seen)));

        await client.EmptyCallAsync(new Empty());
        using (var input = client.StreamingInputCall())
        {
            await input.RequestStream.CompleteAsync();
            await input;
        }

        using (var output = client.StreamingOutputCall(new StreamingOutputCallRequest()))
            Assert.False(await output.ResponseStream.MoveNext());

        using (var duplex = client.FullDuplexCall())
        {
            await duplex.RequestStream.CompleteAsync();
            Assert.False(await duplex.ResponseStream.MoveNext());
        }

        Assert.Equal(
            ["outer EmptyCall", "inner EmptyCall", "outer StreamingInputCall", "inner StreamingInputCall",
                "outer StreamingOutputCall", "inner StreamingOutputCall", "outer FullDuplexCall",
                "inner FullDuplexCall"],
            seen);
        Assert.Equal(
            ["unary /grpc.testing.TestService/EmptyCall", "client /grpc.testing.TestService/StreamingInputCall",
                "server /grpc.testing.TestService/StreamingOutputCall",
                "duplex /grpc.testing.TestService/FullDuplexCall"],
            server.Calls.Trace);
    }

    [Fact]
    public async Task Status_WithDetails_ArrivesWithThem()
    {
        byte[] details = new EchoStatus { Code = 9, Message = "which branch" }.ToByteArray();
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            configure: options => options.Interceptors.Add<Detailing>(details));
        using GrpcChannel channel = Dial.Channel(server.Address);

        RpcException fault = await Fails(
            StatusCode.FailedPrecondition, async () => await Client(channel).EmptyCallAsync(new Empty()));
        Assert.Equal("refused", fault.Status.Detail);
        byte[] arrived = fault.Trailers.GetValueBytes("grpc-status-details-bin")!;
        Assert.Equal("which branch", EchoStatus.Parser.ParseFrom(arrived).Message);
    }

    [Fact]
    public async Task Metadata_OfManyKilobytes_TravelsBothWays()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);
        string text = new('x', 12_000);
        byte[] bytes = [.. Enumerable.Range(0, 6_000).Select(i => (byte)i)];
        using var call = Client(channel).UnaryCallAsync(new SimpleRequest(), new Metadata
        {
            { "x-grpc-test-echo-initial", text },
            { "x-grpc-test-echo-trailing-bin", bytes },
        });
        await call;

        Assert.Equal(text, (await call.ResponseHeadersAsync).GetValue("x-grpc-test-echo-initial"));
        Assert.Equal(bytes, call.GetTrailers().GetValueBytes("x-grpc-test-echo-trailing-bin"));
    }

    [Fact]
    public async Task Request_OverTheServersLimit_IsRefused()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            configure: options => options.MaxReceiveMessageSize = 1_000);
        using GrpcChannel channel = Dial.Channel(server.Address);

        await Client(channel).UnaryCallAsync(Sized(request: 900, response: 0));
        await Fails(
            StatusCode.ResourceExhausted,
            async () => await Client(channel).UnaryCallAsync(Sized(request: 1_100, response: 0)));
    }

    [Fact]
    public async Task Response_OverTheClientsLimit_IsRefused()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address, options => options.MaxReceiveMessageSize = 1_000);

        await Client(channel).UnaryCallAsync(Sized(request: 0, response: 900));
        await Fails(
            StatusCode.ResourceExhausted,
            async () => await Client(channel).UnaryCallAsync(Sized(request: 0, response: 1_100)));
    }

    [Fact]
    public async Task Tls_UnknownCertificate_IsRefused()
    {
        using X509Certificate2 certificate = Dial.SelfSigned("localhost");
        await using LoopbackServer server = await LoopbackServer.StartAsync(certificate);
        using GrpcChannel channel = Dial.Channel(server.Address);

        RpcException fault = await Assert.ThrowsAsync<RpcException>(
            async () => await Client(channel).EmptyCallAsync(new Empty()));
        Assert.Contains("SSL", fault.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(server.Calls.Trace);
    }

    [Fact]
    public async Task Tls_ClientCertificate_IsTheCallersIdentity()
    {
        using X509Certificate2 serverCertificate = Dial.SelfSigned("localhost");
        using X509Certificate2 clientCertificate = Dial.SelfSigned("participant-a");
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            serverCertificate, askClientCertificate: true);
        using GrpcChannel channel = Dial.TrustingChannel(server.Address, serverCertificate, clientCertificate);
        await Client(channel).EmptyCallAsync(new Empty());

        AuthContext caller = await server.Calls.Caller.Task.Within();
        Assert.True(caller.IsPeerAuthenticated);
        Assert.Contains(
            caller.Properties, property => property.Value.Contains("participant-a", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Credentials_OfCallAndChannel_AreSentOverTls()
    {
        using X509Certificate2 certificate = Dial.SelfSigned("localhost");
        await using LoopbackServer server = await LoopbackServer.StartAsync(certificate);
        CallCredentials token = CallCredentials.FromInterceptor((_, headers) =>
        {
            headers.Add("x-grpc-test-echo-initial", "token");
            return Task.CompletedTask;
        });
        using GrpcChannel channel = Dial.Channel(server.Address, options =>
        {
            options.Credentials = ChannelCredentials.Create(new SslCredentials(), token);
            options.HttpHandler = Dial.TrustingHandler(certificate);
            options.DisposeHttpClient = true;
        });
        using var call = Client(channel).UnaryCallAsync(new SimpleRequest());
        await call;

        Assert.Equal("token", (await call.ResponseHeadersAsync).GetValue("x-grpc-test-echo-initial"));
    }

    [Fact]
    public async Task WithHost_Call_NamesThatHost()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);

        await Client(channel).WithHost($"127.0.0.1:{server.Address.Port}").EmptyCallAsync(new Empty());
        Assert.Single(server.Calls.Trace);
    }

    [Fact]
    public async Task NoServer_Call_IsUnavailable()
    {
        LoopbackServer server = await LoopbackServer.StartAsync();
        await server.DisposeAsync();
        using GrpcChannel channel = Dial.Channel(server.Address);

        await Fails(StatusCode.Unavailable, async () => await Client(channel).EmptyCallAsync(new Empty()));
    }

    private static StreamingOutputCallRequest Slow => new()
    {
        ResponseParameters = { new ResponseParameters { IntervalUs = 60_000_000, Size = 1 } },
    };

    private static TestService.TestServiceClient Client(GrpcChannel channel) => new(channel);

    private static SimpleRequest Sized(int request, int response) => new()
    {
        Payload = new Payload { Body = ByteString.CopyFrom(new byte[request]) },
        ResponseSize = response,
    };

    private static async Task PingOnce(
        AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call)
    {
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest
        {
            ResponseParameters = { new ResponseParameters { Size = 1 } },
        });
        Assert.True(await call.ResponseStream.MoveNext().Within());
    }

    private static async Task<RpcException> Fails(StatusCode code, Func<Task> call)
    {
        RpcException fault = await Assert.ThrowsAsync<RpcException>(call).Within();
        Assert.True(code == fault.StatusCode, fault.ToString());
        return fault;
    }

    private sealed class Tracing(string name, List<string> seen) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            seen.Add($"{name} {context.Method.Name}");
            return continuation(request, context);
        }

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            seen.Add($"{name} {context.Method.Name}");
            return continuation(request, context);
        }

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            seen.Add($"{name} {context.Method.Name}");
            return continuation(context);
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            seen.Add($"{name} {context.Method.Name}");
            return continuation(context);
        }
    }

    private sealed class Detailing(byte[] details) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            throw new RpcException(
                new Status(StatusCode.FailedPrecondition, "refused"),
                new Metadata { { "grpc-status-details-bin", details } });
    }
}
