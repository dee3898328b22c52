using System.Security.Cryptography.X509Certificates;
using Coordinator.ScriptedServices;
using Coordinator.Testing;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Coordinator.Client.Tests;

public class TransportTests : ClientTest
{
    [Fact]
    public async Task Tls_TrustedAuthority_IsReachedWithCredentials()
    {
        using var certificate = TestCertificate.Create();
        await using var server = await StartSecureAsync(certificate);
        using var client = CoordinatorClient.Connect(Options(server.Address) with
        {
            TrustedAuthorities = [X509CertificateLoader.LoadCertificate(certificate.RawData)],
            Credentials = CallCredentials.FromInterceptor((_, metadata) =>
            {
                metadata.Add("authorization", "Bearer secret");
                return Task.CompletedTask;
            }),
        });

        await using var tx = await client.BeginAsync();

        Assert.Equal("Bearer secret", Assert.Single(Coordinator.Begun.Headers).GetValue("authorization"));
    }

    [Fact]
    public async Task Tls_UnknownAuthority_IsUnavailable()
    {
        using var certificate = TestCertificate.Create();
        using var other = TestCertificate.Create("other");
        await using var server = await StartSecureAsync(certificate);
        using var client = CoordinatorClient.Connect(Options(server.Address) with
        {
            TrustedAuthorities = [other],
            CallTimeout = TimeSpan.FromMilliseconds(500),
        });
        await Assert.ThrowsAsync<CoordinatorUnavailableException>(() => client.BeginAsync());
        Assert.Empty(Coordinator.Begun.Requests);
    }

    [Fact]
    public void Credentials_OverHttp_AreRefused()
    {
        var credentials = CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);
        Assert.Throws<ArgumentException>(
            () => CoordinatorClient.Connect(Options(Server.Address) with { Credentials = credentials }));
    }

    [Fact]
    public async Task Calls_MoreThanOneConnectionCarries_AllGoThrough()
    {
        using var canceled = new CancellationTokenSource();
        Coordinator.Got.Hangs();
        var waiting = Enumerable.Range(0, 150).Select(_ => Client.GetAsync(Id, canceled.Token)).ToList();
        await Eventually.AssertAsync(() => Coordinator.Got.Requests.Count == 150, Limit, "all calls have arrived");
        await canceled.CancelAsync();
        foreach (var call in waiting)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public void Handler_Hook_HasTheLastWord()
    {
        SocketsHttpHandler? seen = null;
        using var client = CoordinatorClient.Connect(
            Options(Server.Address) with { ConfigureHttpHandler = handler => seen = handler });
        Assert.True(seen!.EnableMultipleHttp2Connections);
        Assert.Equal(TimeSpan.FromSeconds(15), seen.KeepAlivePingDelay);
    }

    private Task<LoopbackServer> StartSecureAsync(X509Certificate2 certificate) => LoopbackServer.StartAsync(
        services => services.AddSingleton(Coordinator), app => app.MapGrpcService<ScriptedCoordinator>(), certificate: certificate);
}
