using System.Globalization;
using Coordinator.Fuzz.Check;
using Coordinator.Fuzz.Generate;
using Coordinator.Fuzz.Wire;
using Grpc.Core;
using Xunit.Abstractions;

namespace Coordinator.Fuzz.Tests;

/// <summary>The part of the fuzzing that every run of the tests does, and that its judge can fail.</summary>
public class FuzzTests(ITestOutputHelper output)
{
    private const long Seed = 20_260_501;

    [Fact]
    public async Task EveryMethod_HostileCalls_AreAnsweredAsDocumentedAndLeaveNothing()
    {
        var calls = long.Parse(Environment.GetEnvironmentVariable("COORDINATOR_FUZZ_CALLS") ?? "10000", CultureInfo.InvariantCulture);

        var tally = await FuzzRun.RunAsync(new FuzzOptions { Seed = Seed, Requests = calls }, TextWriter.Null);

        output.WriteLine(tally.Table());
        Assert.True(tally.Findings.Count == 0, string.Join('\n', tally.Findings.Select(finding => finding.ToText(Seed))));
        Assert.True(tally.Requests >= calls, $"{tally.Requests} calls were answered.");
        foreach (var method in Contract.Methods)
            Assert.Contains(Contract.NameOf(method), tally.Table(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.NotFound)]
    public void WhyWrong_UndocumentedStatus_IsFound(StatusCode status)
    {
        var begin = Contract.Unary.Single(method => method.Name == "Begin");
        Assert.NotNull(Documented.WhyWrong(begin, Twist.None, hasDeadline: false, new RawAnswer(status, "text", [], [], "HTTP 200")));
    }

    [Fact]
    public void WhyWrong_NoReason_IsFound()
    {
        var begin = Contract.Unary.Single(method => method.Name == "Begin");
        Assert.NotNull(Documented.WhyWrong(begin, Twist.None, hasDeadline: false, new RawAnswer(StatusCode.InvalidArgument, "text", null, [], "HTTP 200")));
        Assert.NotNull(Documented.WhyWrong(begin, Twist.None, hasDeadline: false, new RawAnswer(null, "", null, [], "HANGS")));
    }
}
