using System.Threading.Channels;
using Grpc.Core;
using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Participant.Attach;

/// <summary>
/// What waits to be sent on a stream. A single writer takes all that has gathered into one frame, so that messages of
/// many transactions share one write. Full, it makes senders wait.
/// </summary>
internal sealed class Outbox(ParticipantOptions options)
{
    private readonly Channel<Wire.ParticipantMessage> _messages = Channel.CreateBounded<Wire.ParticipantMessage>(
        new BoundedChannelOptions(options.MaxQueuedMessages) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <exception cref="ChannelClosedException">The stream has ended.</exception>
    public ValueTask SendAsync(Wire.ParticipantMessage message, CancellationToken cancellationToken) =>
        _messages.Writer.WriteAsync(message, cancellationToken);

    /// <summary>Sends unless the outbox is full or closed.</summary>
    public bool TrySend(Wire.ParticipantMessage message) => _messages.Writer.TryWrite(message);

    /// <summary>Takes no more.</summary>
    public void Close() => _messages.Writer.TryComplete();

    /// <summary>Writes until the outbox is closed and empty, and then completes the stream; or until that fails.</summary>
    public async Task WriteToAsync(IClientStreamWriter<Wire.ParticipantFrame> stream, CancellationToken cancellationToken)
    {
        while (await _messages.Reader.WaitToReadAsync(cancellationToken))
            await stream.WriteAsync(TakeFrame(), cancellationToken);
        await stream.CompleteAsync();
    }

    private Wire.ParticipantFrame TakeFrame()
    {
        var frame = new Wire.ParticipantFrame();
        var bytes = 0;
        while (frame.Messages.Count < options.MaxMessagesPerFrame && _messages.Reader.TryPeek(out var next))
        {
            // Each message has a tag and a length of its own.
            bytes += next.CalculateSize() + 8;
            if (frame.Messages.Count > 0 && bytes > options.MaxMessageBytes)
                break;
            _messages.Reader.TryRead(out _);
            frame.Messages.Add(next);
        }

        return frame;
    }
}
