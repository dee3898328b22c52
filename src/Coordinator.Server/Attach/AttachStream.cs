using System.Threading.Channels;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Server;

/// <summary>
/// The two directions of one attach call: a reader, a single writer that packs what waits into frames, and a watch that
/// keeps the stream alive and ends it when the other side is silent or does not read. Ends once, for the first reason.
/// </summary>
internal sealed class AttachStream : IDisposable
{
    /// <summary>Silence of this many keep-alive intervals ends the stream.</summary>
    public const int SilentIntervals = 3;

    private readonly IAsyncStreamReader<ParticipantFrame> _frames;
    private readonly IServerStreamWriter<CoordinatorFrame> _responses;
    private readonly Action _abort;
    private readonly ServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ServerMetrics _metrics;
    private readonly Channel<CoordinatorMessage> _outgoing;
    private readonly TaskCompletionSource<RpcException?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _watch;
    private long _lastReceived;
    private long _writingSince;
    private int _sentSinceTick;
    private bool _isWriting;

    /// <param name="frames">What the participant sends.</param>
    /// <param name="responses">To the participant.</param>
    /// <param name="abort">Resets the call: a participant that does not read gets no status either.</param>
    public AttachStream(
        IAsyncStreamReader<ParticipantFrame> frames,
        IServerStreamWriter<CoordinatorFrame> responses,
        Action abort,
        ServerOptions options,
        TimeProvider time,
        ServerMetrics metrics)
    {
        _frames = frames;
        _responses = responses;
        _abort = abort;
        _options = options;
        _time = time;
        _metrics = metrics;
        _outgoing = Channel.CreateBounded<CoordinatorMessage>(new BoundedChannelOptions(options.AttachQueue) { SingleReader = true });
        _lastReceived = time.GetTimestamp();
        // Never before everything above is set: the first tick may come at once.
        _watch = time.CreateTimer(_ => Watch(), state: null, options.KeepAliveInterval, options.KeepAliveInterval);
    }

    /// <summary>Ends with why the stream ended; null if the participant closed it.</summary>
    public Task<RpcException?> WhenEnded => _ended.Task;

    /// <summary>Queues a message. A full queue ends the stream: the participant does not read.</summary>
    /// <returns>False if the stream has ended.</returns>
    public bool TrySend(CoordinatorMessage message)
    {
        if (_ended.Task.IsCompleted)
            return false;
        if (_outgoing.Writer.TryWrite(message))
            return true;
        EndUnread($"{_options.AttachQueue} messages wait for the participant, the limit AttachQueue: it does not read.");
        return false;
    }

    /// <summary>Ends the stream with a status; the first reason counts.</summary>
    public void End(RpcException? why)
    {
        _ended.TrySetResult(why);
        _outgoing.Writer.TryComplete();
    }

    /// <summary>The next frame, or null at the stream's end.</summary>
    public async Task<ParticipantFrame?> ReadAsync()
    {
        // No token: cancelling a read would reset the call, and the participant would not learn why it ended.
        if (!await _frames.MoveNext(CancellationToken.None))
            return null;
        Volatile.Write(ref _lastReceived, _time.GetTimestamp());
        return _frames.Current;
    }

    /// <summary>Sends what waits, as much as fits into a frame at a time, until the stream has ended.</summary>
    public async Task WriteAllAsync()
    {
        Volatile.Write(ref _isWriting, true);
        while (await _outgoing.Reader.WaitToReadAsync())
        {
            var frame = new CoordinatorFrame();
            while (frame.Messages.Count < _options.FrameMessages && _outgoing.Reader.TryRead(out var message))
                frame.Messages.Add(message);
            if (frame.Messages.Count == 0)
                continue;
            Volatile.Write(ref _writingSince, _time.GetTimestamp());
            await _responses.WriteAsync(frame);
            Volatile.Write(ref _writingSince, 0);
            Volatile.Write(ref _sentSinceTick, 1);
            _metrics.Sent(frame.Messages.Count);
        }
    }

    /// <summary>Lets the writer send what was queued BEFORE the end; one that hangs must not keep the call open.</summary>
    public async Task FinishWritingAsync(Task writing)
    {
        using var limit = new CancellationTokenSource();
        if (await Task.WhenAny(writing, Task.Delay(_options.CloseLimit, _time, limit.Token)) != writing)
            _abort();
        await limit.CancelAsync();
    }

    public void Dispose() => _watch.Dispose();

    private void Watch()
    {
        var limit = _options.KeepAliveInterval * SilentIntervals;
        if (_time.GetElapsedTime(Volatile.Read(ref _lastReceived)) >= limit)
        {
            End(RpcErrors.Create(
                StatusCode.Unavailable, Reason.ParticipantUnavailable,
                $"Nothing was received for {limit}; each side sends something every {_options.KeepAliveInterval}."));
            return;
        }

        var writingSince = Volatile.Read(ref _writingSince);
        if (writingSince != 0 && _time.GetElapsedTime(writingSince) >= limit)
            EndUnread($"The participant has read nothing for {limit}.");
        // Not before the writer runs: the first message is Registered.
        else if (Volatile.Read(ref _isWriting) && Interlocked.Exchange(ref _sentSinceTick, 0) == 0 && writingSince == 0)
            TrySend(new CoordinatorMessage { KeepAlive = new KeepAlive() });
    }

    private void EndUnread(string why)
    {
        End(RpcErrors.Create(StatusCode.Unavailable, Reason.ParticipantUnavailable, why));
        _abort();
    }
}
