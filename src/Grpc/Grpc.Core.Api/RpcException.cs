using Grpc.Core.Utils;

namespace Grpc.Core;

/// <summary>
/// A call that ended with another status than OK. On the client it carries the server's trailers; on the server it
/// sets the status, and its trailers are sent.
/// </summary>
public class RpcException : Exception
{
    public RpcException(Status status)
        : this(status, Metadata.Empty)
    {
    }

    /// <param name="status">The status of the call.</param>
    /// <param name="message">The exception's own message, which is not sent; the peer sees the status's detail.</param>
    public RpcException(Status status, string message)
        : this(status, Metadata.Empty, message)
    {
    }

    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        Status = status;
        Trailers = GrpcPreconditions.CheckNotNull(trailers, nameof(trailers));
    }

    public Status Status { get; }

    public StatusCode StatusCode => Status.StatusCode;

    public Metadata Trailers { get; }
}
