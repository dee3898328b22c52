using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using InitiatorStream = Coordinator.Server.FramedStream<Coordinator.Contracts.V1.InitiatorFrame, Coordinator.Contracts.V1.InitiatorReplyFrame, Coordinator.Contracts.V1.InitiatorReply>;

namespace Coordinator.Server;

/// <summary>InitiatorService: takes the opening, then hands the stream to an <see cref="InitiatorSession"/>.</summary>
internal sealed class InitiatorEndpoint(
    TransactionCoordinator coordinator,
    ServerOptions options,
    TimeProvider time,
    Shutdown shutdown,
    ServerMetrics metrics,
    ILogger<InitiatorEndpoint> logger) : InitiatorService.InitiatorServiceBase
{
    /// <summary>How replies become a frame.</summary>
    internal static readonly FrameShape<InitiatorReplyFrame, InitiatorReply> Shape = new(
        "initiator",
        messages => new InitiatorReplyFrame { Messages = { messages } },
        () => new InitiatorReply { KeepAlive = new KeepAlive() });

    public override async Task Initiate(
        IAsyncStreamReader<InitiatorFrame> requestStream, IServerStreamWriter<InitiatorReplyFrame> responseStream, ServerCallContext context)
    {
        using var stream = new InitiatorStream(
            requestStream, responseStream, () => context.GetHttpContext().Abort(), Shape, options, time, metrics);
        using var ending = shutdown.Token.Register(() => stream.End(CallErrors.Draining()));
        await InitiatorSession.ServeAsync(coordinator, stream, options, logger);
    }
}
