using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using ParticipantStream = Coordinator.Server.FramedStream<Coordinator.Contracts.V1.ParticipantFrame, Coordinator.Contracts.V1.CoordinatorFrame, Coordinator.Contracts.V1.CoordinatorMessage>;

namespace Coordinator.Server;

/// <summary>ParticipantService: takes the registration, then hands the stream to an <see cref="AttachSession"/>.</summary>
internal sealed class ParticipantEndpoint(
    TransactionCoordinator coordinator,
    ServerOptions options,
    TimeProvider time,
    Shutdown shutdown,
    ServerMetrics metrics,
    AttachStreams streams,
    ILogger<ParticipantEndpoint> logger) : ParticipantService.ParticipantServiceBase
{
    private static readonly FrameShape<CoordinatorFrame, CoordinatorMessage> Shape = new(
        "participant",
        messages => new CoordinatorFrame { Messages = { messages } },
        () => new CoordinatorMessage { KeepAlive = new KeepAlive() });

    public override async Task Attach(
        IAsyncStreamReader<ParticipantFrame> requestStream, IServerStreamWriter<CoordinatorFrame> responseStream, ServerCallContext context)
    {
        using var stream = new ParticipantStream(
            requestStream, responseStream, () => context.GetHttpContext().Abort(), Shape, options, time, metrics);
        using var ending = shutdown.Token.Register(() => stream.End(CallErrors.Draining()));
        if (await ReadRegistrationAsync(stream) is not { } registration)
            return;
        var session = new AttachSession(coordinator, stream, registration, metrics, logger);
        try
        {
            await session.RunAsync(options.KeepAliveInterval, () => streams.Add(registration.Name, registration.Instance, stream));
        }
        finally
        {
            streams.Remove(registration.Name, registration.Instance, stream);
        }
    }

    private async Task<Registration?> ReadRegistrationAsync(ParticipantStream stream)
    {
        if (await stream.ReadFirstAsync() is not { } frame)
            return null;
        if (frame.Messages is not [{ MessageCase: ParticipantMessage.MessageOneofCase.Register }])
            throw new MalformedException("register", "must be the first message, in a frame of its own.");
        return Registration.From(frame.Messages[0].Register, options);
    }
}
