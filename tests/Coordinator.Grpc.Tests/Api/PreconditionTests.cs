using Grpc.Core.Utils;

namespace Coordinator.Grpc.Tests.Api;

public class PreconditionTests
{
    [Fact]
    public void Checks_Broken_ThrowTheirKind()
    {
        Assert.Throws<ArgumentException>(() => GrpcPreconditions.CheckArgument(false));
        Assert.Equal("m", Assert.Throws<ArgumentException>(() => GrpcPreconditions.CheckArgument(false, "m")).Message);
        Assert.Throws<ArgumentNullException>(() => GrpcPreconditions.CheckNotNull<string>(null!));
        Assert.Throws<ArgumentNullException>("p", () => GrpcPreconditions.CheckNotNull<string>(null!, "p"));
        Assert.Throws<InvalidOperationException>(() => GrpcPreconditions.CheckState(false));
        Assert.Equal(
            "m", Assert.Throws<InvalidOperationException>(() => GrpcPreconditions.CheckState(false, "m")).Message);
    }

    [Fact]
    public void Checks_Kept_AreSilent()
    {
        GrpcPreconditions.CheckArgument(true);
        GrpcPreconditions.CheckArgument(true, "m");
        GrpcPreconditions.CheckState(true);
        GrpcPreconditions.CheckState(true, "m");

        Assert.Equal("x", GrpcPreconditions.CheckNotNull("x", "p"));
        Assert.Equal(0, GrpcPreconditions.CheckNotNull(0));
    }
}
