using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using ParticipantStream = Coordinator.Server.FramedStream<Coordinator.Contracts.V1.ParticipantFrame, Coordinator.Contracts.V1.CoordinatorFrame, Coordinator.Contracts.V1.CoordinatorMessage>;

namespace Coordinator.Server;

/// <summary>
/// One instance from its registration to its stream's end:
/// <list type="number">
/// <item>Queue Registered, so that it is the first message, then attach to the engine, which may refuse.</item>
/// <item>Read: enlist branches of its own, hand answers to the commands that wait for them.</item>
/// <item>At the end detach, and fail what waits: nobody knows what became of it.</item>
/// </list>
/// </summary>
internal sealed class AttachSession
{
    private readonly TransactionCoordinator _coordinator;
    private readonly ParticipantStream _stream;
    private readonly ServerMetrics _metrics;
    private readonly ILogger _logger;
    private Task _scan = Task.CompletedTask;
    private Task _nextScan = Task.CompletedTask;

    public AttachSession(
        TransactionCoordinator coordinator, ParticipantStream stream, Registration registration, ServerMetrics metrics, ILogger logger)
    {
        _coordinator = coordinator;
        _stream = stream;
        _metrics = metrics;
        _logger = logger;
        Participant = new AttachedParticipant(registration, coordinator.Epoch, stream.TrySend);
    }

    public AttachedParticipant Participant { get; }

    /// <exception cref="RefusedException">Its name stands for another database, a limit is reached, or draining.</exception>
    public async Task RunAsync(TimeSpan keepAliveInterval, Action onAttached)
    {
        _stream.TrySend(new CoordinatorMessage
        {
            Registered = new Registered
            {
                Cluster = _coordinator.Cluster.Value,
                Epoch = _coordinator.Epoch.ToString(),
                KeepAliveInterval = Duration.FromTimeSpan(keepAliveInterval),
            },
        });
        await _coordinator.AttachAsync(Participant);
        _metrics.Attached(1);
        try
        {
            onAttached();
            // Two streams of one instance came at once, and the other one took the engine's place for it: that one may be
            // dead already, and nobody would find out that this one serves nothing.
            if (!_coordinator.IsAttached(Participant))
                _stream.End(RpcErrors.Create(StatusCode.Unavailable, Reason.ParticipantUnavailable, "Another stream of the same instance has taken this one's place."));
            // The read is never awaited: it ends with the call, and must not keep the instance attached.
            _ = _stream.ReadAllAsync(Receive, OnBroken);
            var writing = _stream.WriteAllAsync(OnBroken);
            var why = await _stream.WhenEnded;
            _coordinator.Detach(Participant);
            Participant.Pending.FailAll(why?.Status.Detail ?? "The participant closed its stream.");
            await _stream.FinishWritingAsync(writing);
            if (why is null)
                return;
            Log.StreamEnded(_logger, Participant.Name, Participant.Instance, why.Status.Detail);
            throw why;
        }
        finally
        {
            _metrics.Attached(-1);
        }
    }

    private void Receive(ParticipantFrame frame)
    {
        foreach (var message in frame.Messages)
        {
            if (_stream.WhenEnded.IsCompleted)
                return;
            Receive(message);
        }
    }

    private void OnBroken(Exception exception) => Log.StreamBroken(_logger, exception, Participant.Name, Participant.Instance);

    private void Receive(ParticipantMessage message)
    {
        switch (message.MessageCase)
        {
            case ParticipantMessage.MessageOneofCase.Enlist:
                _stream.TrySend(new CoordinatorMessage { EnlistReply = Enlist(message.Enlist) });
                break;
            case ParticipantMessage.MessageOneofCase.Answer:
                if (Participant.Pending.Complete(message.Answer) == Received.Unknown)
                {
                    _metrics.UnknownAnswer();
                    Log.UnknownAnswer(_logger, Participant.Name, Participant.Instance, message.Answer.CommandId);
                }

                break;
            case ParticipantMessage.MessageOneofCase.KeepAlive:
                break;
            case ParticipantMessage.MessageOneofCase.ResourceRestarted:
                ScanSoon();
                break;
            case ParticipantMessage.MessageOneofCase.Register:
                throw new MalformedException("register", "comes once, as the first message.");
            default:
                throw new MalformedException("message", "is empty or of a kind that this coordinator does not know.");
        }
    }

    private EnlistReply Enlist(Enlist enlist)
    {
        try
        {
            var id = Fields.TransactionId(enlist.TransactionId);
            var branch = Fields.Branch(enlist.Branch);
            // A participant speaks for itself alone: it must not enlist, and so commit, in another's name.
            if (branch.Participant != Participant.Name || branch.Instance != Participant.Instance)
            {
                Log.ForeignBranch(_logger, Participant.Name, Participant.Instance, enlist.Branch, enlist.TransactionId);
                throw new MalformedException("branch", $"must be the stream's own, {Participant.Name}.{Participant.Instance}.");
            }

            var remaining = _coordinator.Enlist(new BranchId(id, branch));
            return new EnlistReply { EnlistId = enlist.EnlistId, Remaining = Duration.FromTimeSpan(remaining) };
        }
        catch (MalformedException malformed)
        {
            return Refuse(enlist, Reasons.Malformed, malformed.Message);
        }
        catch (EnlistmentRefusedException refused)
        {
            return Refuse(enlist, refused.Reason, refused.Message);
        }
    }

    private static EnlistReply Refuse(Enlist enlist, string reason, string message) =>
        new() { EnlistId = enlist.EnlistId, RefusedReason = reason, Message = message };

    // One scan runs and at most one more waits, however often a participant says that its server was restarted.
    private void ScanSoon()
    {
        if (!_nextScan.IsCompleted)
            return;
        _nextScan = _scan;
        _scan = ScanAfterAsync(_scan);
    }

    private async Task ScanAfterAsync(Task previous)
    {
        await previous;
        try
        {
            await _coordinator.ScanAsync(Participant);
        }
        catch (Exception exception)
        {
            // The periodic scan comes in any case.
            Log.ScanFailed(_logger, exception, Participant.Name, Participant.Instance);
        }
    }
}
