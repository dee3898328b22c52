using System.Net.Sockets;
using Coordinator.Contracts;
using Grpc.Core;

namespace Coordinator.Client.Calls;

/// <summary>What a failed call proves. The one place where status codes are judged.</summary>
internal static class RpcFailure
{
    /// <summary>
    /// True if the service itself refused the call, so that it was not carried out. Everything else may come from the
    /// way there or back: a clean close before the answer is Internal, a kill Unavailable, a stream reset Cancelled.
    /// </summary>
    public static bool IsRefusal(RpcException failure) => failure.StatusCode switch
    {
        StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.OutOfRange
            or StatusCode.AlreadyExists or StatusCode.Unauthenticated or StatusCode.PermissionDenied
            or StatusCode.Unimplemented => true,
        // Proxies and the client's own size limits use these two as well; the coordinator gives a reason.
        StatusCode.Aborted or StatusCode.ResourceExhausted => RpcErrors.TryGetErrorInfo(failure, out _),
        _ => false,
    };

    /// <summary>True if no connection came about, so that nothing was sent.</summary>
    public static bool WasNeverSent(RpcException failure)
    {
        for (var cause = failure.Status.DebugException; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                        or HttpRequestError.SecureConnectionError
                }:
                // grpc-dotnet dials by itself first. Only these two errors cannot come from an open connection.
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound }:
                    return true;
            }
        }

        return false;
    }

    /// <summary>The reason's name on the wire; empty if the call gave none.</summary>
    public static string ReasonOf(RpcException? failure) =>
        failure is not null && RpcErrors.TryGetErrorInfo(failure, out var info) ? info.Reason : "";

    /// <summary>The failure in one line, for the message of an exception.</summary>
    public static string Describe(RpcException? failure) =>
        failure is null ? "no answer in time" : $"{failure.StatusCode}: {failure.Status.Detail}";
}
