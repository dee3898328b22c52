using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;

namespace Coordinator.Benchmarks.Rpc;

/// <summary>One duplex stream that many share: messages that wait together go out in one frame, answers find who waits.</summary>
internal sealed class Conversation : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<EchoFrame, EchoFrame> _call;
    private readonly int _messagesPerFrame;
    private readonly Channel<EchoMessage> _outgoing = Channel.CreateUnbounded<EchoMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource> _waiting = new();
    private readonly Task _writing;
    private readonly Task _reading;
    private ulong _last;

    /// <param name="client">Whose service.</param>
    /// <param name="messagesPerFrame">At most.</param>
    public Conversation(Echo.EchoClient client, int messagesPerFrame)
    {
        _messagesPerFrame = messagesPerFrame;
        _call = client.Talk();
        _writing = WriteAsync();
        _reading = ReadAsync();
    }

    /// <summary>Sends a message and waits for its answer.</summary>
    public Task AskAsync(string text)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        _outgoing.Writer.TryWrite(new EchoMessage { Id = id, Text = text });
        return answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _outgoing.Writer.Complete();
        await _writing;
        await _reading;
        _call.Dispose();
    }

    private async Task WriteAsync()
    {
        while (await _outgoing.Reader.WaitToReadAsync())
        {
            var frame = new EchoFrame();
            while (frame.Messages.Count < _messagesPerFrame && _outgoing.Reader.TryRead(out var message))
                frame.Messages.Add(message);
            await _call.RequestStream.WriteAsync(frame);
        }

        await _call.RequestStream.CompleteAsync();
    }

    private async Task ReadAsync()
    {
        while (await _call.ResponseStream.MoveNext(CancellationToken.None))
        {
            foreach (var message in _call.ResponseStream.Current.Messages)
            {
                if (_waiting.TryRemove(message.Id, out var answer))
                    answer.SetResult();
            }
        }
    }
}
