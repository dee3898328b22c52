using Coordinator.Simulation.Scheduling;
using Grpc.Core;

namespace Coordinator.Simulation.Nodes;

/// <summary>One direction of a call over a <see cref="Link"/>, as its reader sees it: frames in order, then the end.</summary>
internal sealed class LinkReader<T> : IAsyncStreamReader<T>
    where T : class
{
    private readonly Queue<T> _frames = new();
    private TaskCompletionSource? _waiting;
    private RpcException? _failure;
    private bool _hasEnded;

    public T Current { get; private set; } = null!;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (_frames.Count == 0 && !_hasEnded)
        {
            // The scheduler chooses when the reader goes on, whoever completes this.
            var waiting = _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var canceling = cancellationToken.Register(() => waiting.TrySetCanceled(cancellationToken));
            await waiting.Task;
        }

        if (_frames.TryDequeue(out var frame))
            Current = frame;
        else if (_failure is not null)
            throw _failure;
        else
            return false;
        return true;
    }

    public void Take(T frame)
    {
        if (_hasEnded)
            return;
        _frames.Enqueue(frame);
        _waiting?.TrySetResult();
    }

    /// <summary>No more comes; what has come is read first.</summary>
    /// <param name="why">Null: the other side closed it.</param>
    public void End(Status? why)
    {
        if (_hasEnded)
            return;
        _hasEnded = true;
        _failure = why is { } status ? new RpcException(status) : null;
        _waiting?.TrySetResult();
    }
}

/// <summary>The other direction: each frame is one message of the link, and some writes take their time.</summary>
internal sealed class LinkWriter<T>(World world, Link link, SimulatedProcess process) : IClientStreamWriter<T>, IServerStreamWriter<T>
    where T : class
{
    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        link.Send(process, message);
        if (world.Network.Chance(0.1))
            await Task.Delay(world.Network.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(5)), process.Time, cancellationToken);
    }

    public Task CompleteAsync()
    {
        link.Send(process, EndOfCall.Closed);
        return Task.CompletedTask;
    }
}

/// <summary>The last message of a direction.</summary>
/// <param name="Status">Null: closed in order.</param>
internal sealed record EndOfCall(Status? Status)
{
    public static EndOfCall Closed { get; } = new((Status?)null);
}
