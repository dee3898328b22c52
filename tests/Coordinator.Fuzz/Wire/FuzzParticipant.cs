using Coordinator.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Fuzz.Wire;

/// <summary>An attach stream whose frames are any bytes. It answers commands as its script says, which may lie.</summary>
internal sealed class FuzzParticipant : IAsyncDisposable
{
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create(bytes => bytes, bytes => bytes);
    private static readonly Method<byte[], byte[]> Method = new(
        MethodType.DuplexStreaming, "coordinator.v1.ParticipantService", "Attach", Raw, Raw);

    private readonly AsyncDuplexStreamingCall<byte[], byte[]> _call;
    private readonly Func<Command, Answer?> _script;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource<bool> _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<Status> _ended;

    public FuzzParticipant(GrpcChannel channel, Func<Command, Answer?> script)
    {
        _script = script;
        _call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(Method, host: null, new CallOptions());
        _ended = ReadAllAsync();
    }

    /// <summary>True once registered; false if the stream ended before.</summary>
    public Task<bool> WhenRegistered => _registered.Task;

    /// <summary>With the status of the stream's end.</summary>
    public Task<Status> WhenEnded => _ended;

    public Metadata? Trailers { get; private set; }

    /// <summary>Sends a frame's bytes; a stream that is over takes none.</summary>
    public async Task SendAsync(byte[] frame)
    {
        await _sending.WaitAsync();
        try
        {
            await _call.RequestStream.WriteAsync(frame);
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException or OperationCanceledException or IOException)
        {
            // Why it is over, the reader learns.
        }
        finally
        {
            _sending.Release();
        }
    }

    public Task SendAsync(params ParticipantMessage[] messages) => SendAsync(new ParticipantFrame { Messages = { messages } }.ToByteArray());

    /// <summary>Ends the stream, in order or broken off.</summary>
    public async Task<Status> LeaveAsync(bool inOrder)
    {
        if (inOrder)
        {
            try
            {
                await _call.RequestStream.CompleteAsync();
                return await _ended.WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (Exception exception) when (exception is RpcException or InvalidOperationException)
            {
                // Over already.
            }
        }

        _call.Dispose();
        return await _ended;
    }

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _ended;
        _sending.Dispose();
    }

    private async Task<Status> ReadAllAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
            {
                var frame = CoordinatorFrame.Parser.ParseFrom(_call.ResponseStream.Current);
                foreach (var message in frame.Messages)
                    await ReceiveAsync(message);
            }

            return _call.GetStatus();
        }
        catch (RpcException exception)
        {
            Trailers = exception.Trailers;
            return exception.Status;
        }
        catch (ObjectDisposedException)
        {
            return new Status(StatusCode.Cancelled, "Broken off here.");
        }
        finally
        {
            _registered.TrySetResult(false);
        }
    }

    private async Task ReceiveAsync(CoordinatorMessage message)
    {
        if (message.Registered is not null)
            _registered.TrySetResult(true);
        if (message.Command is not { } command || _script(command) is not { } answer)
            return;
        if (answer.CommandId == 0)
            answer.CommandId = command.CommandId;
        await SendAsync(new ParticipantMessage { Answer = answer });
    }
}
