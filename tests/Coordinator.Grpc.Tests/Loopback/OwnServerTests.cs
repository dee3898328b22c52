using System.Security.Cryptography.X509Certificates;
using Coordinator.Grpc.Tests.Interop;

namespace Coordinator.Grpc.Tests.Loopback;

/// <summary>Every interoperability case with our client against our server, in the clear and over TLS.</summary>
public sealed class OwnServerTests : IAsyncLifetime
{
    private readonly X509Certificate2 _certificate = Dial.SelfSigned("localhost");
    private LoopbackServer? _clear;
    private LoopbackServer? _encrypted;

    public static TheoryData<string> Cases => [.. InteropCases.All.Keys];

    public async Task InitializeAsync()
    {
        _clear = await LoopbackServer.StartAsync();
        _encrypted = await LoopbackServer.StartAsync(_certificate);
    }

    public async Task DisposeAsync()
    {
        await _clear!.DisposeAsync();
        await _encrypted!.DisposeAsync();
        _certificate.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Case_InTheClear_Passes(string name)
    {
        using var target = new InteropTarget(_clear!.Address, new SocketsHttpHandler());
        await InteropCases.All[name](target).Within();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Case_OverTls_Passes(string name)
    {
        using var target = new InteropTarget(_encrypted!.Address, Dial.TrustingHandler(_certificate));
        await InteropCases.All[name](target).Within();
    }
}
