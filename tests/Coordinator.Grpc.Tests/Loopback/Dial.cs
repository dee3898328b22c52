using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace Coordinator.Grpc.Tests.Loopback;

/// <summary>Channels to a loopback server, and certificates for both sides.</summary>
internal static class Dial
{
    internal static GrpcChannel Channel(Uri address, Action<GrpcChannelOptions>? configure = null)
    {
        var options = new GrpcChannelOptions();
        configure?.Invoke(options);
        return GrpcChannel.ForAddress(address, options);
    }

    /// <summary>A channel that trusts this certificate and no other.</summary>
    internal static GrpcChannel TrustingChannel(
        Uri address, X509Certificate2 server, X509Certificate2? client = null) => Channel(address, options =>
        {
            options.DisposeHttpClient = true;
            options.HttpHandler = TrustingHandler(server, client);
        });

    internal static SocketsHttpHandler TrustingHandler(
        X509Certificate2 server, X509Certificate2? client = null) => new()
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = client is null ? null : [client],
                RemoteCertificateValidationCallback = (_, presented, _, _) =>
                    presented is not null && presented.GetCertHashString() == server.GetCertHashString(),
            },
        };

    internal static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
