using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Participant.Attach;

/// <summary>Enlistments of one stream that the coordinator has not acknowledged. When the stream ends, all fail.</summary>
internal sealed class PendingEnlistments
{
    private readonly Lock _sync = new();
    private readonly Dictionary<ulong, TaskCompletionSource<TimeSpan>> _pending = [];
    private ulong _lastId;
    private Exception? _ended;

    /// <exception cref="ParticipantUnavailableException">The stream has ended.</exception>
    public (ulong Id, Task<TimeSpan> Reply) Add()
    {
        lock (_sync)
        {
            if (_ended is not null)
                throw Unavailable(_ended);
            var reply = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            _pending.Add(++_lastId, reply);
            return (_lastId, reply.Task);
        }
    }

    public void Remove(ulong id)
    {
        lock (_sync)
            _pending.Remove(id);
    }

    /// <summary>A reply to an enlistment that was given up is ignored: nothing has begun on it.</summary>
    public void Complete(Wire.EnlistReply reply)
    {
        TaskCompletionSource<TimeSpan>? waiting;
        lock (_sync)
            _pending.Remove(reply.EnlistId, out waiting);
        if (reply.RefusedReason.Length > 0)
            waiting?.SetException(new EnlistmentRefusedException(reply.RefusedReason, reply.Message));
        else
            waiting?.SetResult(reply.Remaining?.ToTimeSpan() ?? TimeSpan.Zero);
    }

    public void FailAll(Exception reason)
    {
        List<TaskCompletionSource<TimeSpan>> waiting;
        lock (_sync)
        {
            _ended = reason;
            waiting = [.. _pending.Values];
            _pending.Clear();
        }

        foreach (var reply in waiting)
            reply.SetException(Unavailable(reason));
    }

    private static ParticipantUnavailableException Unavailable(Exception reason) =>
        new("The stream to the coordinator ended before it acknowledged the enlistment.", reason);
}
