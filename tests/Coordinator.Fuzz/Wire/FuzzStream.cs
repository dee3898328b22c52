using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Fuzz.Wire;

/// <summary>A duplex stream whose frames are any bytes, in both directions.</summary>
internal abstract class FuzzStream : IAsyncDisposable
{
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create(bytes => bytes, bytes => bytes);

    private readonly AsyncDuplexStreamingCall<byte[], byte[]> _call;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource<bool> _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<Task<Status>> _ended;

    /// <param name="channel">To whom.</param>
    /// <param name="name">The method's full name, <c>package.Service/Method</c>.</param>
    protected FuzzStream(GrpcChannel channel, string name)
    {
        var parts = name.Split('/');
        Name = name;
        _call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            new Method<byte[], byte[]>(MethodType.DuplexStreaming, parts[0], parts[1], Raw, Raw), host: null, new CallOptions());
        _ended = new Lazy<Task<Status>>(ReadAllAsync);
    }

    /// <summary>The method's full name.</summary>
    public string Name { get; }

    /// <summary>True once the coordinator has taken it in; false if the stream ended before.</summary>
    public Task<bool> WhenAccepted => _accepted.Task;

    /// <summary>With the status of the stream's end.</summary>
    public Task<Status> WhenEnded => _ended.Value;

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

    /// <summary>Ends the stream, in order or broken off.</summary>
    public async Task<Status> LeaveAsync(bool inOrder)
    {
        if (inOrder)
        {
            try
            {
                await _call.RequestStream.CompleteAsync();
                return await WhenEnded.WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (Exception exception) when (exception is RpcException or InvalidOperationException)
            {
                // Over already.
            }
        }

        _call.Dispose();
        return await WhenEnded;
    }

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await WhenEnded;
        _sending.Dispose();
    }

    private async Task<Status> ReadAllAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
            {
                await ReceiveAsync(_call.ResponseStream.Current);
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
            _accepted.TrySetResult(false);
        }
    }

    /// <summary>Begins to read; the constructor of a derived class calls it last.</summary>
    protected void Start() => _ = WhenEnded;

    protected void Accepted() => _accepted.TrySetResult(true);

    /// <summary>What a frame of the coordinator's is answered with.</summary>
    protected abstract Task ReceiveAsync(byte[] frame);
}
