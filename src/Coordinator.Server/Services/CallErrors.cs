using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Coordinator.Engine;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Server;

/// <summary>The one place where exceptions become what callers see: a gRPC status with an ErrorInfo.</summary>
internal static class CallErrors
{
    public static RpcException ToRpc(Exception exception, ServerCallContext context, Shutdown shutdown, ILogger logger, IMessage? request) =>
        exception switch
        {
            RpcException known => known,
            MalformedException malformed => RpcErrors.Create(
                StatusCode.InvalidArgument, Reason.Malformed, malformed.Message, [("field", malformed.Field), .. About(request)]),
            InvalidProtocolBufferException => RpcErrors.Create(
                StatusCode.InvalidArgument, Reason.Malformed, "The stream's frame is not a message of its type; see the .proto file."),
            FormatException format => RpcErrors.Create(StatusCode.InvalidArgument, Reason.Malformed, format.Message, About(request)),
            RefusedException refused => RpcErrors.Create(CodeOf(refused.Kind), ReasonOf(refused.Reason), refused.Message, About(request)),
            EnlistmentRefusedException refused => RpcErrors.Create(
                StatusCode.FailedPrecondition, ReasonOf(refused.Reason), refused.Message, About(request)),
            ParticipantUnavailableException away => RpcErrors.Create(
                StatusCode.Unavailable, Reason.ParticipantUnavailable, away.Message, About(request)),
            LogOutcomeUnknownException log => RpcErrors.Create(StatusCode.Unavailable, Reason.LogUnavailable, log.Message, About(request)),
            OperationCanceledException or IOException when context.CancellationToken.IsCancellationRequested =>
                RpcErrors.Create(StatusCode.Cancelled, Reason.Unspecified, "The caller stopped waiting.", About(request)),
            OperationCanceledException or ObjectDisposedException when shutdown.HasBegun => Draining(About(request)),
            _ => Unexpected(exception, context, logger, request),
        };

    public static RpcException Draining(params (string Key, string Value)[] about) => RpcErrors.Create(
        StatusCode.Unavailable, Reason.Draining, "The coordinator is shutting down; ask again when it is back.", about);

    public static Reason ReasonOf(string name) => RpcErrors.TryParse(name, out var reason) ? reason : Reason.Unspecified;

    // Nothing of an unexpected exception leaves the process: it may hold paths or statements. The id leads to the log.
    private static RpcException Unexpected(Exception exception, ServerCallContext context, ILogger logger, IMessage? request)
    {
        var errorId = Guid.NewGuid().ToString("N")[..12];
        Log.CallFailed(logger, exception, context.Method, errorId);
        return RpcErrors.Create(
            StatusCode.Internal, Reason.Unspecified, $"The coordinator failed; its log has error {errorId}.", [("error_id", errorId), .. About(request)]);
    }

    private static StatusCode CodeOf(RefusalKind kind) => kind switch
    {
        RefusalKind.InvalidArgument => StatusCode.InvalidArgument,
        RefusalKind.NotFound => StatusCode.NotFound,
        RefusalKind.FailedPrecondition => StatusCode.FailedPrecondition,
        RefusalKind.ResourceExhausted => StatusCode.ResourceExhausted,
        RefusalKind.Unavailable => StatusCode.Unavailable,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of refusal."),
    };

    // What the call was about, for programs that handle errors apart from their calls.
    private static (string Key, string Value)[] About(IMessage? request) =>
        request?.Descriptor.FindFieldByName("transaction_id")?.Accessor.GetValue(request) is string { Length: > 0 } id
            ? [("transaction_id", id)]
            : [];
}
