using Grpc.Core;

namespace Coordinator.Grpc.Tests.Api;

public class CredentialsTests
{
    private static readonly CallCredentials _token = CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);

    [Fact]
    public void Create_InsecureChannel_RefusesCallCredentials() =>
        Assert.Throws<ArgumentException>(() => ChannelCredentials.Create(ChannelCredentials.Insecure, _token));

    [Fact]
    public void Configurator_EveryKindOfChannelCredentials_IsToldApart()
    {
        var seen = new ChannelConfigurator();
        VerifyPeerCallback accept = _ => true;
        var pair = new KeyCertificatePair("chain", "key");
        ChannelCredentials.Insecure.InternalPopulateConfiguration(seen, "s");
        new SslCredentials().InternalPopulateConfiguration(seen, "s");
        new SslCredentials("roots", pair, accept).InternalPopulateConfiguration(seen, "s");
        ChannelCredentials.Create(ChannelCredentials.SecureSsl, _token).InternalPopulateConfiguration(seen, "s");

        Assert.Equal(
            ["s insecure", "s ssl -,False,False", "s ssl roots,True,True", "s composite SslCredentials,True"],
            seen.Trace);
    }

    [Fact]
    public void Configurator_EveryKindOfCallCredentials_IsToldApart()
    {
        var seen = new CallConfigurator();
        _token.InternalPopulateConfiguration(seen, null);
        CallCredentials.Compose(_token, _token).InternalPopulateConfiguration(seen, null);

        Assert.Equal(["interceptor", "composite 2"], seen.Trace);
        Assert.Throws<ArgumentException>(() => CallCredentials.Compose(_token));
        Assert.Throws<ArgumentNullException>(() => CallCredentials.FromInterceptor(null!));
    }

    [Fact]
    public void AuthContext_Properties_AreFoundByName()
    {
        byte[] name = "cn=a"u8.ToArray();
        var context = new AuthContext("subject", new Dictionary<string, List<AuthProperty>>
        {
            ["subject"] = [AuthProperty.Create("subject", name)],
            ["other"] = [AuthProperty.Create("other", [1]), AuthProperty.Create("other", [2])],
        });
        name[0] = 0;

        Assert.True(context.IsPeerAuthenticated);
        Assert.Equal("cn=a", Assert.Single(context.PeerIdentity).Value);
        Assert.Equal(3, context.Properties.Count());
        Assert.Equal([2], context.FindPropertiesByName("other").Last().ValueBytes);
        Assert.Empty(context.FindPropertiesByName("absent"));
    }

    [Fact]
    public void AuthContext_WithoutIdentity_IsNotAuthenticated()
    {
        var context = new AuthContext(null, []);

        Assert.False(context.IsPeerAuthenticated);
        Assert.Empty(context.PeerIdentity);
    }

    private sealed class ChannelConfigurator : ChannelCredentialsConfiguratorBase
    {
        internal List<string> Trace { get; } = [];

        public override void SetInsecureCredentials(object state) => Trace.Add($"{state} insecure");

        public override void SetSslCredentials(
            object state,
            string? rootCertificates,
            KeyCertificatePair? keyCertificatePair,
            VerifyPeerCallback? verifyPeerCallback) => Trace.Add(
                $"{state} ssl {rootCertificates ?? "-"}," +
                $"{keyCertificatePair is not null},{verifyPeerCallback is not null}");

        public override void SetCompositeCredentials(
            object state, ChannelCredentials channelCredentials, CallCredentials callCredentials) =>
            Trace.Add($"{state} composite {channelCredentials.GetType().Name},{callCredentials == _token}");
    }

    private sealed class CallConfigurator : CallCredentialsConfiguratorBase
    {
        internal List<string> Trace { get; } = [];

        public override void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials) =>
            Trace.Add($"composite {credentials.Count}");

        public override void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor) =>
            Trace.Add("interceptor");
    }
}
