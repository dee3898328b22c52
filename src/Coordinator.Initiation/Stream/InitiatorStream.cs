using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Coordinator.Participant.Attach;
using Grpc.Core;
using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Initiation.Stream;

/// <summary>
/// One stream to the coordinator, from Open to its end. What is reserved on it is worthless after it, and what was asked
/// and not answered must be asked again on the next one.
/// </summary>
internal sealed class InitiatorStream(
    AsyncDuplexStreamingCall<Wire.InitiatorFrame, Wire.InitiatorReplyFrame> call, InitiatorOptions options, TimeProvider time)
{
    private const int MaxFrameBytes = 1024 * 1024, SilentIntervals = 3;

    private readonly Outbox<Wire.InitiatorFrame, Wire.InitiatorMessage> _outbox = new(
        options.MaxQueuedMessages, options.MaxMessagesPerFrame, MaxFrameBytes,
        messages => new Wire.InitiatorFrame { Messages = { messages } });

    private readonly Channel<ReservedId> _ids = Channel.CreateUnbounded<ReservedId>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Wire.Decided>> _asked = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _reserving;
    private long _lastReceived;

    /// <summary>Ends when the stream has.</summary>
    public Task WhenEnded => _ended.Task;

    /// <summary>Opens, and then serves the stream until it ends, which is always an exception.</summary>
    public async Task RunAsync(Action<Wire.InitiatorOpened> onOpened, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _outbox.TrySend(new() { Open = new Wire.OpenInitiator { Name = options.Name } });
        var writing = _outbox.WriteToAsync(call.RequestStream, ending.Token);
        try
        {
            var opened = await ReadOpenedAsync(ending.Token);
            onOpened(opened);
            var silence = KeepAliveAsync(opened.KeepAliveInterval.ToTimeSpan(), ending.Token);
            var reading = ReadAllAsync(ending.Token);
            await await Task.WhenAny(reading, silence, writing);
            await reading;
            throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator ended the stream."));
        }
        finally
        {
            _outbox.Close();
            // Not CancelAsync: its callbacks would leave the caller's scheduler.
            ending.Cancel();
            call.Dispose();
            await writing.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Tells whoever waits for an id or an answer that none comes any more. Called once, after <see cref="RunAsync"/>.</summary>
    public void End()
    {
        _ids.Writer.TryComplete();
        _ended.SetResult();
        foreach (var asked in _asked.Values)
            asked.TrySetException(new StreamEndedException());
    }

    /// <summary>Takes a reserved id if there is one; asks for more BEFORE they run out.</summary>
    public bool TryTakeId(out ReservedId id)
    {
        bool isTaken;
        while ((isTaken = _ids.Reader.TryRead(out id)) && id.Id is { } old && time.GetElapsedTime(id.At) > options.ReservedIdLifetime)
            Send(new() { Release = new Wire.ReleaseId { TransactionId = old.Value } });
        ReserveMore();
        return isTaken;
    }

    /// <summary>Asks for ids unless there are enough.</summary>
    public void ReserveMore()
    {
        if (_ids.Reader.Count <= options.ReservedIds / 2 && Interlocked.Exchange(ref _reserving, 1) == 0)
            _outbox.TrySend(new() { Reserve = new Wire.ReserveIds { Count = options.ReservedIds } });
    }

    /// <summary>Ends when there may be an id; false once the stream has ended.</summary>
    public ValueTask<bool> WhenIdAsync(CancellationToken cancellationToken) => _ids.Reader.WaitToReadAsync(cancellationToken);

    /// <exception cref="StreamEndedException">No answer came on this stream.</exception>
    public async Task<Wire.Decided> DecideAsync(Wire.Decide decide)
    {
        var answer = _asked.GetOrAdd(
            decide.TransactionId, _ => new TaskCompletionSource<Wire.Decided>(TaskCreationOptions.RunContinuationsAsynchronously));
        // Looked at AFTER it was added: an end that came before did not see it.
        if (_ended.Task.IsCompleted || !await TrySendAsync(new() { Decide = decide }))
            answer.TrySetException(new StreamEndedException());
        try
        {
            return await answer.Task;
        }
        finally
        {
            _asked.TryRemove(decide.TransactionId, out _);
        }
    }

    /// <summary>Sends what may be lost: the stream's end says the same.</summary>
    public void Send(Wire.InitiatorMessage message) => _ = TrySendAsync(message);

    private async Task<bool> TrySendAsync(Wire.InitiatorMessage message)
    {
        try
        {
            await _outbox.SendAsync(message, CancellationToken.None);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    private async Task<Wire.InitiatorOpened> ReadOpenedAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.OpenTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        if (!await call.ResponseStream.MoveNext(either.Token))
            throw new RpcException(new Status(StatusCode.Unavailable, "The coordinator ended the stream before it answered Open."));
        Volatile.Write(ref _lastReceived, time.GetTimestamp());
        var messages = call.ResponseStream.Current.Messages;
        if (messages is not [{ Opened: { KeepAliveInterval: { } interval } opened }, ..]
            || interval.ToTimeSpan() <= TimeSpan.Zero || interval.ToTimeSpan() > TimeSpan.FromHours(1))
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "The first message is not InitiatorOpened: another service answers there."));
        }

        foreach (var message in messages.Skip(1))
            Receive(message);
        return opened;
    }

    private async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            Volatile.Write(ref _lastReceived, time.GetTimestamp());
            foreach (var message in call.ResponseStream.Current.Messages)
                Receive(message);
        }
    }

    private void Receive(Wire.InitiatorReply message)
    {
        switch (message.MessageCase)
        {
            case Wire.InitiatorReply.MessageOneofCase.Decided:
                if (_asked.TryGetValue(message.Decided.TransactionId, out var asked))
                    asked.TrySetResult(message.Decided);
                break;
            case Wire.InitiatorReply.MessageOneofCase.Reserved:
                Volatile.Write(ref _reserving, 0);
                var reserved = message.Reserved;
                foreach (var id in reserved.TransactionIds)
                    _ids.Writer.TryWrite(new ReservedId(TransactionId.Parse(id), null, _lastReceived));
                if (reserved.TransactionIds.Count == 0)
                    _ids.Writer.TryWrite(new ReservedId(null, reserved, _lastReceived));
                break;
            default:
                break;
        }
    }

    private async Task KeepAliveAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(interval, time, cancellationToken);
            _outbox.TrySend(new() { KeepAlive = new Wire.KeepAlive() });
            if (time.GetElapsedTime(Volatile.Read(ref _lastReceived)) > interval * SilentIntervals)
                throw new TimeoutException($"The coordinator was silent for {SilentIntervals} keep-alive intervals ({interval * SilentIntervals}).");
        }
    }
}

/// <summary>An id, or why there is none, and when it came (a timestamp of the TimeProvider).</summary>
internal readonly record struct ReservedId(TransactionId? Id, Wire.ReservedIds? Refused, long At);

/// <summary>The stream ended before the answer came.</summary>
[SuppressMessage("Design", "CA1064", Justification = "Never leaves this assembly: it is what makes the last agent ask again.")]
internal sealed class StreamEndedException : Exception
{
    public StreamEndedException()
        : base("The stream to the coordinator ended before it answered.")
    {
    }
}
