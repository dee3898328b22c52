using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

public class StatusTests
{
    [Fact]
    public void ToString_WithoutCause_NamesCodeAndDetail() => Assert.Equal(
        "Status(StatusCode=\"NotFound\", Detail=\"no such row\")",
        new Status(StatusCode.NotFound, "no such row").ToString());

    [Fact]
    public void ToString_WithCause_NamesItToo() => Assert.Equal(
        "Status(StatusCode=\"Internal\", Detail=\"d\", DebugException=\"System.InvalidOperationException: why\")",
        new Status(StatusCode.Internal, "d", new InvalidOperationException("why")).ToString());

    [Fact]
    public void Defaults_CodeAndDetail_AreThePublished()
    {
        Assert.Equal((StatusCode.OK, ""), (Status.DefaultSuccess.StatusCode, Status.DefaultSuccess.Detail));
        Assert.Equal((StatusCode.Cancelled, ""), (Status.DefaultCancelled.StatusCode, Status.DefaultCancelled.Detail));
    }

    /// <summary>The numbers are the wire's, so a reordered enum would tell the peer something else.</summary>
    [Fact]
    public void StatusCode_Numbers_AreTheWires() => Assert.Equal(
        "OK Cancelled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied " +
        "ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss " +
        "Unauthenticated",
        string.Join(' ', Enumerable.Range(0, 17).Select(number => (StatusCode)number)));

    [Fact]
    public void RpcException_StatusAlone_HasItsTextAndNoTrailers()
    {
        var cause = new InvalidOperationException("why");
        var status = new Status(StatusCode.Aborted, "conflict", cause);
        var exception = new RpcException(status);

        Assert.Equal(status.ToString(), exception.Message);
        Assert.Equal(StatusCode.Aborted, exception.StatusCode);
        Assert.Equal("conflict", exception.Status.Detail);
        Assert.Same(cause, exception.InnerException);
        Assert.Same(Metadata.Empty, exception.Trailers);
    }

    [Fact]
    public void RpcException_OwnMessageAndTrailers_AreKept()
    {
        var trailers = new Metadata { { "key", "v" } };
        var status = new Status(StatusCode.Aborted, "conflict");

        Assert.Equal("own", new RpcException(status, "own").Message);
        Assert.Same(trailers, new RpcException(status, trailers).Trailers);
        Assert.Equal("own", new RpcException(status, trailers, "own").Message);
        Assert.Throws<ArgumentNullException>(() => new RpcException(status, (Metadata)null!));
    }
}
