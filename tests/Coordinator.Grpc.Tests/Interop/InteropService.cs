using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Hosting;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>
/// The server of the interoperability description. Its long-lived streams end when the host begins to stop, since
/// the host would otherwise wait for them.
/// </summary>
public sealed class InteropService(IHostApplicationLifetime lifetime) : TestService.TestServiceBase
{
    private const string InitialKey = "x-grpc-test-echo-initial";
    private const string TrailingKey = "x-grpc-test-echo-trailing-bin";

    public override Task<Empty> EmptyCall(Empty request, ServerCallContext context)
    {
        // .NET's gzip of nothing is nothing, without even a header, and grpc-js cannot read that.
        context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        return Task.FromResult(new Empty());
    }

    public override async Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        CheckCompression(request.ExpectCompressed, context);
        await EchoMetadata(context);
        ThrowIfAsked(request.ResponseStatus);
        context.WriteOptions = Options(request.ResponseCompressed);
        return new SimpleResponse { Payload = Zeros(request.ResponseSize) };
    }

    public override async Task<StreamingInputCallResponse> StreamingInputCall(
        IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context)
    {
        int sum = 0;
        await foreach (StreamingInputCallRequest request in requestStream.ReadAllAsync())
        {
            CheckCompression(request.ExpectCompressed, context);
            sum += request.Payload.Body.Length;
        }

        return new StreamingInputCallResponse { AggregatedPayloadSize = sum };
    }

    public override Task StreamingOutputCall(
        StreamingOutputCallRequest request,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        ServerCallContext context) => Respond(request, responseStream, context.CancellationToken);

    public override async Task FullDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        ServerCallContext context)
    {
        await EchoMetadata(context);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await foreach (StreamingOutputCallRequest request in requestStream.ReadAllAsync(ending.Token))
            {
                ThrowIfAsked(request.ResponseStatus);
                await Respond(request, responseStream, ending.Token);
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "stopping"));
        }
    }

    private static async Task Respond(
        StreamingOutputCallRequest request,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        CancellationToken cancellationToken)
    {
        foreach (ResponseParameters parameters in request.ResponseParameters)
        {
            await Task.Delay(TimeSpan.FromMicroseconds(parameters.IntervalUs), cancellationToken);
            responseStream.WriteOptions = Options(parameters.Compressed);
            await responseStream.WriteAsync(
                new StreamingOutputCallResponse { Payload = Zeros(parameters.Size) }, cancellationToken);
        }
    }

    private static async Task EchoMetadata(ServerCallContext context)
    {
        if (context.RequestHeaders.GetValue(InitialKey) is { } initial)
            await context.WriteResponseHeadersAsync(new Metadata { { InitialKey, initial } });

        if (context.RequestHeaders.GetValueBytes(TrailingKey) is { } trailing)
            context.ResponseTrailers.Add(TrailingKey, trailing);
    }

    private static void ThrowIfAsked(EchoStatus? status)
    {
        if (status is not null)
            throw new RpcException(new Status((StatusCode)status.Code, status.Message));
    }

    private static void CheckCompression(BoolValue? expected, ServerCallContext context)
    {
        bool named = context.GetHttpContext().Request.Headers["grpc-encoding"].ToString() is "gzip" or "deflate";
        if (expected is { Value: true } && !named)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "the request was not compressed"));
    }

    private static WriteOptions Options(BoolValue? compressed) =>
        new(compressed is { Value: true } ? default : WriteFlags.NoCompress);

    private static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };
}
