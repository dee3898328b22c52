using System.Diagnostics;
using System.Text.Json;
using Coordinator.Grpc.Tests.Loopback;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>One run of a peer: its client has been through all cases at our server, and its server is up.</summary>
public abstract class PeerRun : IAsyncLifetime
{
    private readonly IPeer _peer;
    private readonly Dictionary<string, string?> _clientResults = [];
    private LoopbackServer? _ourServer;
    private Process? _theirServer;
    private Uri? _theirAddress;

    private protected PeerRun(IPeer peer) => _peer = peer;

    internal IReadOnlyDictionary<string, string?> ClientResults => _clientResults;

    internal IEnumerable<WireRecord> OurWire => _ourServer!.Wire;

    internal InteropTarget TheirServer() => new(_theirAddress!, new SocketsHttpHandler())
    {
        ServerSeesCompression = _peer.ServerSeesCompression,
        ServerCanCompress = _peer.ServerCanCompress,
    };

    public async Task InitializeAsync()
    {
        await _peer.PrepareAsync();
        await RunTheirClientAsync();
        await StartTheirServerAsync();
    }

    public async Task DisposeAsync()
    {
        _theirServer?.StandardInput.Close();
        await (_theirServer?.WaitForExitAsync() ?? Task.CompletedTask).Within();
        _theirServer?.Dispose();
        if (_ourServer is not null)
            await _ourServer.DisposeAsync();

        _peer.Dispose();
    }

    private async Task RunTheirClientAsync()
    {
        _ourServer = await LoopbackServer.StartAsync();
        string output = await Tool.RunAsync(
            _peer.Install, _peer.Script("client", $"{_ourServer.Address.Port}"), TimeSpan.FromSeconds(30));
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument result = JsonDocument.Parse(line);
            _clientResults.Add(
                result.RootElement.GetProperty("case").GetString()!,
                result.RootElement.GetProperty("error").GetString());
        }
    }

    private async Task StartTheirServerAsync()
    {
        _theirServer = Tool.Start(_peer.Install, _peer.Script("server"));
        string? line = await _theirServer.StandardOutput.ReadLineAsync().Within();
        if (line?.Split(' ') is not ["LISTENING", var port])
        {
            string errors = await _theirServer.StandardError.ReadToEndAsync().Within();
            throw new InvalidOperationException($"the server did not start ({_peer.Install}):\n{line}\n{errors}");
        }

        _theirAddress = new Uri($"http://127.0.0.1:{port}");
    }
}
