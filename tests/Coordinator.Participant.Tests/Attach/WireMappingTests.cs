using Coordinator.Participant.Attach;
using Wire = Coordinator.Contracts.V1;

namespace Coordinator.Participant.Tests.Attach;

public sealed class WireMappingTests
{
    [Fact]
    public void Enums_AgreeByNumberAndName()
    {
        AssertSame<ResourceKind, Wire.ResourceKind>();
        AssertSame<BranchOutcome, Wire.BranchReport.Types.BranchOutcome>();
    }

    [Theory]
    [InlineData("", "1x00000001", 0)]
    [InlineData("k7q2m9xa", "", 0)]
    [InlineData("k7q2m9xa", "1x00000001", -1)]
    public void ToMark_Malformed_IsRefused(string cluster, string epoch, long position) => Assert.Throws<FormatException>(
        () => WireMapping.ToMark(new Wire.CoordinatorMark { Cluster = cluster, Epoch = epoch, Position = position }));

    private static void AssertSame<TOurs, TWire>()
        where TOurs : struct, Enum
        where TWire : struct, Enum => Assert.Equal(
            Enum.GetValues<TOurs>().Select(value => (Convert.ToInt32(value), value.ToString().ToUpperInvariant())),
            Enum.GetValues<TWire>().Select(value => (Convert.ToInt32(value), value.ToString().ToUpperInvariant())).Where(value => value.Item1 != 0));
}
