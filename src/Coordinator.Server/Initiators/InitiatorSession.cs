using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using InitiatorStream = Coordinator.Server.FramedStream<Coordinator.Contracts.V1.InitiatorFrame, Coordinator.Contracts.V1.InitiatorReplyFrame, Coordinator.Contracts.V1.InitiatorReply>;
using Outcome = Coordinator.Contracts.V1.Outcome;

namespace Coordinator.Server;

/// <summary>One initiator from its opening to its stream's end, which fences it.</summary>
internal sealed class InitiatorSession(
    TransactionCoordinator coordinator, Initiator initiator, InitiatorStream stream, ServerOptions options, ILogger logger)
{
    /// <summary>Takes the opening, and serves the stream to its end.</summary>
    public static async Task ServeAsync(TransactionCoordinator coordinator, InitiatorStream stream, ServerOptions options, ILogger logger)
    {
        if (await stream.ReadFirstAsync() is not { } frame)
            return;
        if (frame.Messages is not [{ MessageCase: InitiatorMessage.MessageOneofCase.Open }])
            throw new MalformedException("open", "must be the first message, in a frame of its own.");
        using var initiator = coordinator.OpenInitiator(Fields.OptionalText(frame.Messages[0].Open.Name, 100, "name"));
        await new InitiatorSession(coordinator, initiator, stream, options, logger).RunAsync();
    }

    private async Task RunAsync()
    {
        stream.TrySend(new InitiatorReply
        {
            Opened = new InitiatorOpened
            {
                Cluster = coordinator.Cluster.Value,
                Epoch = coordinator.Epoch.ToString(),
                KeepAliveInterval = Duration.FromTimeSpan(options.KeepAliveInterval),
            },
        });
        // The read is never awaited: it ends with the call, and must not keep the initiator's ids live.
        _ = stream.ReadAllAsync(Receive, OnBroken);
        var writing = stream.WriteAllAsync(OnBroken);
        var why = await stream.WhenEnded;
        initiator.Dispose();
        await stream.FinishWritingAsync(writing);
        if (why is null)
            return;
        Log.InitiatorEnded(logger, initiator.Name, why.Status.Detail);
        throw why;
    }

    private void OnBroken(Exception exception) => Log.InitiatorBroken(logger, exception, initiator.Name);

    private void Receive(InitiatorFrame frame)
    {
        foreach (var message in frame.Messages)
        {
            if (stream.WhenEnded.IsCompleted)
                return;
            Receive(message);
        }
    }

    private void Receive(InitiatorMessage message)
    {
        switch (message.MessageCase)
        {
            case InitiatorMessage.MessageOneofCase.Reserve:
                stream.TrySend(new InitiatorReply { Reserved = Reserve(message.Reserve.Count) });
                break;
            case InitiatorMessage.MessageOneofCase.Decide:
                var id = Fields.TransactionId(message.Decide.TransactionId);
                _ = DecideAsync(id, message.Decide, Votes(message.Decide.Prepared));
                break;
            case InitiatorMessage.MessageOneofCase.Told:
                initiator.Acknowledge(
                    Fields.TransactionId(message.Told.TransactionId), Fields.Branches(message.Told.Untold, options.MaxNamedBranches, "untold"));
                break;
            case InitiatorMessage.MessageOneofCase.Release:
                initiator.Release(Fields.TransactionId(message.Release.TransactionId));
                break;
            case InitiatorMessage.MessageOneofCase.KeepAlive:
                break;
            case InitiatorMessage.MessageOneofCase.Open:
                throw new MalformedException("open", "comes once, as the first message.");
            default:
                throw new MalformedException("message", "is empty or of a kind that this coordinator does not know.");
        }
    }

    private ReservedIds Reserve(int count)
    {
        try
        {
            return new ReservedIds { TransactionIds = { initiator.Reserve(count).Select(id => id.Value) } };
        }
        catch (RefusedException refused)
        {
            return new ReservedIds { RefusedReason = refused.Reason, Message = refused.Message };
        }
    }

    private List<DecidedBranch> Votes(Google.Protobuf.Collections.RepeatedField<PreparedVote> prepared)
    {
        if (prepared.Count > options.MaxNamedBranches)
            throw new MalformedException("prepared", $"has {prepared.Count} votes; at most {options.MaxNamedBranches} are allowed.");
        return [.. prepared.Select(vote => new DecidedBranch(
            Fields.Branch(vote.Branch), vote.Evidence.Length > 0 ? Fields.OptionalText(vote.Evidence, 256, "evidence") : null))];
    }

    private async Task DecideAsync(TransactionId id, Decide decide, List<DecidedBranch> prepared)
    {
        using var span = ServerTracing.StartDecide(id, decide);
        stream.TrySend(new InitiatorReply { Decided = await AnswerAsync(id, decide.Name, prepared) });
    }

    private async Task<Decided> AnswerAsync(TransactionId id, string name, List<DecidedBranch> prepared)
    {
        try
        {
            var view = await initiator.DecideAsync(id, name, prepared);
            return new Decided
            {
                TransactionId = id.Value,
                Outcome = (Outcome)view.Outcome,
                ReasonCode = view.ReasonCode ?? "",
                Reason = view.Reason ?? "",
            };
        }
        catch (RefusedException refused)
        {
            return new Decided { TransactionId = id.Value, ReasonCode = refused.Reason, Reason = refused.Message };
        }
        catch (Exception exception)
        {
            // The RPC's edge. Nothing is claimed: the initiator asks again.
            Log.DecideFailed(logger, exception, id);
            return new Decided { TransactionId = id.Value, ReasonCode = Reasons.LogUnavailable, Reason = "The coordinator failed; ask again." };
        }
    }
}
