using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Participant.Attach;

/// <summary>
/// What waits to be sent on a stream. A single writer takes all that has gathered into one frame, so that messages of
/// many transactions share one write. Full, it makes senders wait.
/// </summary>
/// <param name="maxQueued">How many messages may wait.</param>
/// <param name="maxPerFrame">How many messages go into one frame.</param>
/// <param name="maxFrameBytes">About how many bytes go into one frame.</param>
/// <param name="pack">Makes a frame of messages.</param>
internal sealed class Outbox<TFrame, TMessage>(int maxQueued, int maxPerFrame, int maxFrameBytes, Func<IReadOnlyList<TMessage>, TFrame> pack)
    where TMessage : IMessage
{
    private readonly Channel<TMessage> _messages = Channel.CreateBounded<TMessage>(
        new BoundedChannelOptions(maxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <exception cref="ChannelClosedException">The stream has ended.</exception>
    public ValueTask SendAsync(TMessage message, CancellationToken cancellationToken) =>
        _messages.Writer.WriteAsync(message, cancellationToken);

    /// <summary>Sends unless the outbox is full or closed.</summary>
    public bool TrySend(TMessage message) => _messages.Writer.TryWrite(message);

    /// <summary>Takes no more.</summary>
    public void Close() => _messages.Writer.TryComplete();

    /// <summary>Writes until the outbox is closed and empty, and then completes the stream; or until that fails.</summary>
    public async Task WriteToAsync(IClientStreamWriter<TFrame> stream, CancellationToken cancellationToken)
    {
        while (await _messages.Reader.WaitToReadAsync(cancellationToken))
            await stream.WriteAsync(TakeFrame(), cancellationToken);
        await stream.CompleteAsync();
    }

    private TFrame TakeFrame()
    {
        var messages = new List<TMessage>();
        var bytes = 0;
        while (messages.Count < maxPerFrame && _messages.Reader.TryPeek(out var next))
        {
            // Each message has a tag and a length of its own.
            bytes += next.CalculateSize() + 8;
            if (messages.Count > 0 && bytes > maxFrameBytes)
                break;
            _messages.Reader.TryRead(out _);
            messages.Add(next);
        }

        return pack(messages);
    }
}
