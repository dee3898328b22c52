using Coordinator.Contracts;
using Coordinator.Contracts.V1;
using Grpc.Core;

namespace Coordinator.Participant.Tests;

public sealed class RpcErrorsTests
{
    [Fact]
    public void Create_ReadBack_GivesReasonAndMetadata()
    {
        var failure = RpcErrors.Create(StatusCode.NotFound, Reason.TransactionNotFound, "None such.", ("transaction_id", "t"));

        Assert.True(RpcErrors.TryGetErrorInfo(failure, out var info));
        Assert.Equal(("TRANSACTION_NOT_FOUND", "coordinator", "t"), (info.Reason, info.Domain, info.Metadata["transaction_id"]));
        Assert.Equal((StatusCode.NotFound, "None such."), (failure.StatusCode, failure.Status.Detail));
        var details = Google.Rpc.Status.Parser.ParseFrom(failure.Trailers.GetValueBytes(RpcErrors.TrailerName));
        Assert.Equal(((int)StatusCode.NotFound, "None such."), (details.Code, details.Message));
    }

    [Fact]
    public void Reasons_HaveANameOnTheWireAndAStatus()
    {
        foreach (var reason in Enum.GetValues<Reason>())
        {
            Assert.True(RpcErrors.TryParse(RpcErrors.NameOf(reason), out var read));
            Assert.Equal(reason, read);
            Assert.NotEqual(StatusCode.OK, RpcErrors.StatusOf(reason));
        }

        Assert.False(RpcErrors.TryParse("OF_A_NEWER_VERSION", out _));
        Assert.False(RpcErrors.TryParse(null, out _));
    }

    [Fact]
    public void Create_LongOrBrokenText_IsCutAndStaysReadable()
    {
        var failure = RpcErrors.Create(
            StatusCode.Aborted, Reason.StatementFailed, new string('a', 999) + "🔑" + new string('b', 10_000), ("sql", "\uD800 lone"));

        Assert.True(RpcErrors.TryGetErrorInfo(failure, out var info));
        Assert.InRange(failure.Status.Detail.Length, 1, 1_000);
        Assert.Equal("\uFFFD lone", info.Metadata["sql"]);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 0x1A, 0x02, 0x0A, 0x7F })]
    [InlineData(new byte[0])]
    public void TryGetErrorInfo_ForeignTrailer_IsNone(byte[] trailer)
    {
        var failure = new RpcException(new Status(StatusCode.Internal, ""), new Metadata { { RpcErrors.TrailerName, trailer } });

        Assert.False(RpcErrors.TryGetErrorInfo(failure, out _));
        Assert.False(RpcErrors.TryGetReason(failure, out var reason));
        Assert.Equal(Reason.Unspecified, reason);
    }
}
