using Coordinator.Grpc.Tests.Loopback;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>The interoperability cases both ways against another implementation.</summary>
public abstract class PeerTests(PeerRun run)
{
    public static TheoryData<string> Cases => [.. InteropCases.All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Case_TheirClientOurServer_Passes(string name)
    {
        Assert.True(run.ClientResults.TryGetValue(name, out string? error), $"the peer did not run {name}");
        Assert.True(error is null, error);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Case_OurClientTheirServer_Passes(string name)
    {
        using InteropTarget target = run.TheirServer();
        await InteropCases.All[name](target).Within();
    }

    /// <summary>The peers' clients cannot see a message's flag, so what was on the wire is looked up here.</summary>
    [Fact]
    public void Compression_TheirClientOurServer_WasUsedBothWays()
    {
        Assert.Contains(run.OurWire, call => call.RequestEncoding == "gzip");
        Assert.Contains(run.OurWire, call => call.ResponseEncoding == "gzip");
    }
}

public sealed class NodeRun() : PeerRun(new NodePeer());

public sealed class PythonRun() : PeerRun(new PythonPeer());

public sealed class NodeTests(NodeRun run) : PeerTests(run), IClassFixture<NodeRun>;

public sealed class PythonTests(PythonRun run) : PeerTests(run), IClassFixture<PythonRun>;
