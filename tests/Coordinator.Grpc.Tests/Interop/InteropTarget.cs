using Coordinator.Grpc.Tests.Loopback;
using Grpc.Net.Client;

namespace Coordinator.Grpc.Tests.Interop;

/// <summary>A server that the cases run against, and what its implementation is able to do.</summary>
internal sealed class InteropTarget : IDisposable
{
    private readonly GrpcChannel _channel;

    internal InteropTarget(Uri address, HttpMessageHandler handler)
    {
        Wire = new WireTap(handler);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { DisposeHttpClient = true, HttpHandler = Wire });
        Client = new TestService.TestServiceClient(_channel);
        UnservedClient = new UnimplementedService.UnimplementedServiceClient(_channel);
    }

    internal TestService.TestServiceClient Client { get; }

    internal UnimplementedService.UnimplementedServiceClient UnservedClient { get; }

    internal WireTap Wire { get; }

    /// <summary>Whether its service can tell that a request came compressed.</summary>
    internal bool ServerSeesCompression { get; init; } = true;

    internal bool ServerCanCompress { get; init; } = true;

    public void Dispose() => _channel.Dispose();
}
