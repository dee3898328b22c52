using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.Client.Calls;

/// <summary>The channels of one client: one to the coordinator, and one to each participant's SQL service it used.</summary>
internal sealed class Channels : IDisposable
{
    private readonly CoordinatorClientOptions _options;
    private readonly ConcurrentDictionary<Uri, Lazy<GrpcChannel>> _participants = new();
    private readonly GrpcChannel _coordinator;

    public Channels(CoordinatorClientOptions options)
    {
        _options = options;
        _coordinator = Open(options.Address);
    }

    public CallInvoker Coordinator => _coordinator.CreateCallInvoker();

    /// <summary>The channel to a participant, opened at the first use.</summary>
    public CallInvoker Participant(Uri address)
    {
        CoordinatorClientOptions.RequireAddress(address, nameof(address));
        if (!_participants.ContainsKey(address) && _participants.Count >= _options.MaxParticipantAddresses)
        {
            throw new InvalidOperationException(
                $"This client already talks to {_options.MaxParticipantAddresses} participants; "
                + $"{nameof(CoordinatorClientOptions.MaxParticipantAddresses)} sets the limit.");
        }

        return _participants.GetOrAdd(address, key => new Lazy<GrpcChannel>(() => Open(key))).Value.CreateCallInvoker();
    }

    public void Dispose()
    {
        _coordinator.Dispose();
        foreach (var channel in _participants.Values)
            channel.Value.Dispose();
    }

    private GrpcChannel Open(Uri address) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = CreateHandler(),
        DisposeHttpClient = true,
        MaxSendMessageSize = _options.MaxSendMessageBytes,
        MaxReceiveMessageSize = _options.MaxReceiveMessageBytes,
        LoggerFactory = _options.LoggerFactory,
        Credentials = CredentialsFor(address),
        // A channel that failed to connect fails every call until its own pause is over; unless told otherwise these
        // grow to two minutes, far beyond the pauses between retries.
        InitialReconnectBackoff = _options.RetryDelay,
        MaxReconnectBackoff = _options.MaxRetryDelay,
    });

    private SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler
        {
            // One HTTP/2 connection carries 100 calls at a time; without this the next ones wait.
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = _options.ConnectTimeout,
            // A peer that vanished without a word is found by pings alone: a commit may rightly take long to answer.
            KeepAlivePingDelay = _options.KeepAliveDelay,
            KeepAlivePingTimeout = _options.KeepAliveTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (_options.TrustedAuthorities is { } authorities)
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trusting(authorities) };
        _options.ConfigureHttpHandler?.Invoke(handler);
        return handler;
    }

    private static X509ChainPolicy Trusting(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // A private authority rarely publishes revocation lists, and an unreachable one must not stop commits.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private ChannelCredentials CredentialsFor(Uri address)
    {
        var isSecure = address.Scheme == Uri.UriSchemeHttps;
        if (_options.Credentials is not { } credentials)
            return isSecure ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure;
        return isSecure
            ? ChannelCredentials.Create(ChannelCredentials.SecureSsl, credentials)
            : throw new ArgumentException($"Credentials are sent over https only, and {address} is http.");
    }
}
