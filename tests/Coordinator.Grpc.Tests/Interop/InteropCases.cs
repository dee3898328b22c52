using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>The client of the interoperability description: its cases by their names there.</summary>
internal static class InteropCases
{
    private const int RequestSize = 271_828;
    private const int ResponseSize = 314_159;
    private const string SpecialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

    private static readonly int[] _requestSizes = [27_182, 8, 1_828, 45_904];
    private static readonly int[] _responseSizes = [31_415, 9, 2_653, 58_979];

    internal static readonly IReadOnlyDictionary<string, Func<InteropTarget, Task>> All =
        new Dictionary<string, Func<InteropTarget, Task>>
        {
            ["empty_unary"] = EmptyUnary,
            ["large_unary"] = LargeUnary,
            ["client_streaming"] = ClientStreaming,
            ["server_streaming"] = ServerStreaming,
            ["ping_pong"] = PingPong,
            ["empty_stream"] = EmptyStream,
            ["custom_metadata"] = CustomMetadata,
            ["status_code_and_message"] = StatusCodeAndMessage,
            ["special_status_message"] = SpecialStatusMessage,
            ["unimplemented_method"] = UnimplementedMethod,
            ["unimplemented_service"] = UnservedService,
            ["cancel_after_begin"] = CancelAfterBegin,
            ["cancel_after_first_response"] = CancelAfterFirstResponse,
            ["timeout_on_sleeping_server"] = TimeoutOnSleepingServer,
            ["client_compressed_unary"] = ClientCompressedUnary,
            ["server_compressed_unary"] = ServerCompressedUnary,
        };

    private static async Task EmptyUnary(InteropTarget target) =>
        Assert.Equal(new Empty(), await target.Client.EmptyCallAsync(new Empty()));

    private static async Task LargeUnary(InteropTarget target) =>
        CheckLarge(await target.Client.UnaryCallAsync(Large()));

    private static async Task ClientStreaming(InteropTarget target)
    {
        using AsyncClientStreamingCall<StreamingInputCallRequest, StreamingInputCallResponse> call =
            target.Client.StreamingInputCall();
        foreach (int size in _requestSizes)
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });

        await call.RequestStream.CompleteAsync();
        Assert.Equal(74_922, (await call).AggregatedPayloadSize);
    }

    private static async Task ServerStreaming(InteropTarget target)
    {
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.AddRange(_responseSizes.Select(size => new ResponseParameters { Size = size }));
        using AsyncServerStreamingCall<StreamingOutputCallResponse> call = target.Client.StreamingOutputCall(request);

        Assert.Equal(_responseSizes, await SizesOf(call.ResponseStream));
    }

    private static async Task PingPong(InteropTarget target)
    {
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
            target.Client.FullDuplexCall();
        for (int i = 0; i < _requestSizes.Length; i++)
        {
            await call.RequestStream.WriteAsync(Ping(_requestSizes[i], _responseSizes[i]));
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(_responseSizes[i], call.ResponseStream.Current.Payload.Body.Length);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static async Task EmptyStream(InteropTarget target)
    {
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
            target.Client.FullDuplexCall();
        await call.RequestStream.CompleteAsync();

        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static async Task CustomMetadata(InteropTarget target)
    {
        const string initialKey = "x-grpc-test-echo-initial";
        const string initial = "test_initial_metadata_value";
        const string trailingKey = "x-grpc-test-echo-trailing-bin";
        byte[] trailing = [0xab, 0xab, 0xab];
        var headers = new Metadata { { initialKey, initial }, { trailingKey, trailing } };

        using AsyncUnaryCall<SimpleResponse> unary = target.Client.UnaryCallAsync(Large(), headers);
        CheckLarge(await unary);
        Assert.Equal(initial, (await unary.ResponseHeadersAsync).GetValue(initialKey));
        Assert.Equal(trailing, unary.GetTrailers().GetValueBytes(trailingKey));

        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> duplex =
            target.Client.FullDuplexCall(headers);
        await duplex.RequestStream.WriteAsync(Ping(RequestSize, ResponseSize));
        await duplex.RequestStream.CompleteAsync();
        Assert.Equal([ResponseSize], await SizesOf(duplex.ResponseStream));
        Assert.Equal(initial, (await duplex.ResponseHeadersAsync).GetValue(initialKey));
        Assert.Equal(trailing, duplex.GetTrailers().GetValueBytes(trailingKey));
    }

    private static async Task StatusCodeAndMessage(InteropTarget target)
    {
        var status = new EchoStatus { Code = (int)StatusCode.Unknown, Message = "test status message" };
        RpcException unary = await Assert.ThrowsAsync<RpcException>(
            async () => await target.Client.UnaryCallAsync(new SimpleRequest { ResponseStatus = status }));
        CheckStatus(StatusCode.Unknown, status.Message, unary);

        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
            target.Client.FullDuplexCall();
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = status });
        await call.RequestStream.CompleteAsync();
        RpcException duplex = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
        CheckStatus(StatusCode.Unknown, status.Message, duplex);
    }

    private static async Task SpecialStatusMessage(InteropTarget target)
    {
        var status = new EchoStatus { Code = (int)StatusCode.Unknown, Message = SpecialMessage };
        RpcException fault = await Assert.ThrowsAsync<RpcException>(
            async () => await target.Client.UnaryCallAsync(new SimpleRequest { ResponseStatus = status }));
        CheckStatus(StatusCode.Unknown, SpecialMessage, fault);
    }

    private static async Task UnimplementedMethod(InteropTarget target) => Assert.Equal(
        StatusCode.Unimplemented,
        (await Assert.ThrowsAsync<RpcException>(
            async () => await target.Client.UnimplementedCallAsync(new Empty()))).StatusCode);

    private static async Task UnservedService(InteropTarget target) => Assert.Equal(
        StatusCode.Unimplemented,
        (await Assert.ThrowsAsync<RpcException>(
            async () => await target.UnservedClient.UnimplementedCallAsync(new Empty()))).StatusCode);

    private static async Task CancelAfterBegin(InteropTarget target)
    {
        using var source = new CancellationTokenSource();
        using AsyncClientStreamingCall<StreamingInputCallRequest, StreamingInputCallResponse> call =
            target.Client.StreamingInputCall(cancellationToken: source.Token);
        await source.CancelAsync();

        RpcException fault = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.Cancelled, fault.StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    private static async Task CancelAfterFirstResponse(InteropTarget target)
    {
        using var source = new CancellationTokenSource();
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
            target.Client.FullDuplexCall(cancellationToken: source.Token);
        await call.RequestStream.WriteAsync(Ping(_requestSizes[0], _responseSizes[0]));
        Assert.True(await call.ResponseStream.MoveNext());
        await source.CancelAsync();

        RpcException fault = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.Cancelled, fault.StatusCode);
    }

    private static async Task TimeoutOnSleepingServer(InteropTarget target)
    {
        using AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call =
            target.Client.FullDuplexCall(deadline: DateTime.UtcNow.AddMilliseconds(1));
        RpcException fault = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.DeadlineExceeded, fault.StatusCode);
    }

    private static async Task ClientCompressedUnary(InteropTarget target)
    {
        var gzip = new Metadata { { "grpc-internal-encoding-request", "gzip" } };
        SimpleRequest request = Large();
        request.ExpectCompressed = new BoolValue { Value = true };
        if (target.ServerSeesCompression)
        {
            RpcException probe = await Assert.ThrowsAsync<RpcException>(
                async () => await target.Client.UnaryCallAsync(request));
            Assert.Equal(StatusCode.InvalidArgument, probe.StatusCode);
        }

        CheckLarge(await target.Client.UnaryCallAsync(request, gzip));
        request.ExpectCompressed.Value = false;
        CheckLarge(await target.Client.UnaryCallAsync(request));
    }

    private static async Task ServerCompressedUnary(InteropTarget target)
    {
        SimpleRequest request = Large();
        request.ResponseCompressed = new BoolValue { Value = true };
        CheckLarge(await target.Client.UnaryCallAsync(request));
        Assert.Equal(target.ServerCanCompress, target.Wire.LastWasCompressed);

        request.ResponseCompressed.Value = false;
        CheckLarge(await target.Client.UnaryCallAsync(request));
        Assert.False(target.Wire.LastWasCompressed);
    }

    private static SimpleRequest Large() => new() { ResponseSize = ResponseSize, Payload = Zeros(RequestSize) };

    private static void CheckLarge(SimpleResponse response) =>
        Assert.Equal(new byte[ResponseSize], response.Payload.Body.ToByteArray());

    private static StreamingOutputCallRequest Ping(int requestSize, int responseSize) => new()
    {
        Payload = Zeros(requestSize),
        ResponseParameters = { new ResponseParameters { Size = responseSize } },
    };

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    private static async Task<List<int>> SizesOf(IAsyncStreamReader<StreamingOutputCallResponse> responses)
    {
        var sizes = new List<int>();
        await foreach (StreamingOutputCallResponse response in responses.ReadAllAsync())
            sizes.Add(response.Payload.Body.Length);

        return sizes;
    }

    private static void CheckStatus(StatusCode code, string detail, RpcException fault)
    {
        Assert.Equal(code, fault.StatusCode);
        Assert.Equal(detail, fault.Status.Detail);
    }
}
