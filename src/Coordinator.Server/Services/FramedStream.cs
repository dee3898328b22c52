using System.Threading.Channels;
using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Coordinator.Server;

/// <summary>
/// The two directions of one duplex call: a reader, a single writer that packs what waits into frames, and a watch that
/// keeps the stream alive and ends it when the other side is silent or does not read. Ends once, for the first reason.
/// </summary>
/// <typeparam name="TIn">The frames that are read.</typeparam>
/// <typeparam name="TOut">The frames that are sent.</typeparam>
/// <typeparam name="TMessage">What the sent frames are made of.</typeparam>
internal sealed class FramedStream<TIn, TOut, TMessage> : IDisposable
    where TIn : class
{
    /// <summary>Silence of this many keep-alive intervals ends the stream.</summary>
    public const int SilentIntervals = 3;

    private readonly IAsyncStreamReader<TIn> _frames;
    private readonly IServerStreamWriter<TOut> _responses;
    private readonly Action _abort;
    private readonly ServerOptions _options;
    private readonly TimeProvider _time;
    private readonly FrameShape<TOut, TMessage> _shape;
    private readonly ServerMetrics _metrics;
    private readonly Channel<TMessage> _outgoing;
    private readonly TaskCompletionSource<RpcException?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _watch;
    private long _lastReceived;
    private long _writingSince;
    private int _sentSinceTick;
    private bool _isWriting;

    /// <param name="frames">What the peer sends.</param>
    /// <param name="responses">To the peer.</param>
    /// <param name="abort">Resets the call: a peer that does not read gets no status either.</param>
    /// <param name="shape">How messages to the peer become a frame.</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="time">All time.</param>
    /// <param name="metrics">Counts what is sent.</param>
    public FramedStream(
        IAsyncStreamReader<TIn> frames,
        IServerStreamWriter<TOut> responses,
        Action abort,
        FrameShape<TOut, TMessage> shape,
        ServerOptions options,
        TimeProvider time,
        ServerMetrics metrics)
    {
        _frames = frames;
        _responses = responses;
        _abort = abort;
        _shape = shape;
        _options = options;
        _time = time;
        _metrics = metrics;
        _outgoing = Channel.CreateBounded<TMessage>(new BoundedChannelOptions(options.AttachQueue) { SingleReader = true });
        _lastReceived = time.GetTimestamp();
        // Never before everything above is set: the first tick may come at once.
        _watch = time.CreateTimer(_ => Watch(), state: null, options.KeepAliveInterval, options.KeepAliveInterval);
    }

    /// <summary>Ends with why the stream ended; null if the peer closed it.</summary>
    public Task<RpcException?> WhenEnded => _ended.Task;

    /// <summary>Queues a message. A full queue ends the stream: the peer does not read.</summary>
    /// <returns>False if the stream has ended.</returns>
    public bool TrySend(TMessage message)
    {
        if (_ended.Task.IsCompleted)
            return false;
        if (_outgoing.Writer.TryWrite(message))
            return true;
        EndUnread($"{_options.AttachQueue} messages wait for the {_shape.Peer}, the limit AttachQueue: it does not read.");
        return false;
    }

    /// <summary>Ends the stream with a status; the first reason counts.</summary>
    public void End(RpcException? why)
    {
        _ended.TrySetResult(why);
        _outgoing.Writer.TryComplete();
    }

    /// <summary>The next frame, or null at the stream's end.</summary>
    public async Task<TIn?> ReadAsync()
    {
        // No token: cancelling a read would reset the call, and the participant would not learn why it ended.
        if (!await _frames.MoveNext(CancellationToken.None))
            return null;
        Volatile.Write(ref _lastReceived, _time.GetTimestamp());
        return _frames.Current;
    }

    /// <summary>Sends what waits, as much as fits into a frame at a time, until the stream has ended.</summary>
    private async Task WriteAllAsync()
    {
        Volatile.Write(ref _isWriting, true);
        while (await _outgoing.Reader.WaitToReadAsync())
        {
            var messages = new List<TMessage>();
            while (messages.Count < _options.FrameMessages && _outgoing.Reader.TryRead(out var message))
                messages.Add(message);
            if (messages.Count == 0)
                continue;
            Volatile.Write(ref _writingSince, _time.GetTimestamp());
            await _responses.WriteAsync(_shape.Frame(messages));
            Volatile.Write(ref _writingSince, 0);
            Volatile.Write(ref _sentSinceTick, 1);
            _metrics.Sent(messages.Count);
        }
    }

    /// <summary>Lets the writer send what was queued BEFORE the end; one that hangs must not keep the call open.</summary>
    public async Task FinishWritingAsync(Task writing)
    {
        using var limit = new CancellationTokenSource();
        if (await Task.WhenAny(writing, Task.Delay(_options.CloseLimit, _time, limit.Token)) != writing)
            _abort();
        limit.Cancel();
    }

    /// <summary>The first frame, or null if none comes. A peer that sends nothing is ended by the watch.</summary>
    public async Task<TIn?> ReadFirstAsync()
    {
        var reading = ReadAsync();
        if (await Task.WhenAny(reading, WhenEnded.OnCallersScheduler()) != reading)
        {
            // Its read ends with the call.
            _ = reading.ContinueWith(read => read.Exception, TaskContinuationOptions.OnlyOnFaulted);
            throw (await WhenEnded)!;
        }

        return await reading;
    }

    /// <summary>Reads to the stream's end, and ends the stream as the peer did; a bad or a broken read ends it with its reason.</summary>
    public async Task ReadAllAsync(Action<TIn> receive, Action<Exception> onBroken)
    {
        try
        {
            while (await ReadAsync() is { } frame)
            {
                if (_ended.Task.IsCompleted)
                    return;
                receive(frame);
            }

            End(why: null);
        }
        catch (Exception failure)
        {
            EndAs(failure, onBroken);
        }
    }

    /// <summary>Writes until the stream has ended; a broken write ends it.</summary>
    public async Task WriteAllAsync(Action<Exception> onBroken)
    {
        try
        {
            await WriteAllAsync();
        }
        catch (Exception failure)
        {
            EndAs(failure, onBroken);
        }
    }

    public void Dispose() => _watch.Dispose();

    private void EndAs(Exception failure, Action<Exception> onBroken)
    {
        switch (failure)
        {
            case MalformedException malformed:
                End(RpcErrors.Create(StatusCode.InvalidArgument, Reason.Malformed, malformed.Message, ("field", malformed.Field)));
                break;
            case InvalidProtocolBufferException:
                End(RpcErrors.Create(StatusCode.InvalidArgument, Reason.Malformed, $"A frame is not a {typeof(TIn).Name}; see the protos."));
                break;
            default:
                // The connection was lost, or the call was reset; either way the stream is over.
                onBroken(failure);
                End(RpcErrors.Create(StatusCode.Unavailable, Reason.ParticipantUnavailable, $"The {_shape.Peer}'s stream broke."));
                break;
        }
    }

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
            EndUnread($"The {_shape.Peer} has read nothing for {limit}.");
        // Not before the writer runs: the first message is Registered.
        else if (Volatile.Read(ref _isWriting) && Interlocked.Exchange(ref _sentSinceTick, 0) == 0 && writingSince == 0)
            TrySend(_shape.KeepAlive());
    }

    private void EndUnread(string why)
    {
        End(RpcErrors.Create(StatusCode.Unavailable, Reason.ParticipantUnavailable, why));
        _abort();
    }
}

/// <summary>How messages become a frame.</summary>
/// <param name="Peer">Who reads them, for people.</param>
/// <param name="Frame">Packs messages.</param>
/// <param name="KeepAlive">What is sent when nothing else is.</param>
internal sealed record FrameShape<TOut, TMessage>(
    string Peer, Func<IEnumerable<TMessage>, TOut> Frame, Func<TMessage> KeepAlive);
