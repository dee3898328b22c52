using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Client;

/// <summary>How a <see cref="CoordinatorClient"/> reaches its coordinator. Everything but the address has a default.</summary>
public sealed record CoordinatorClientOptions
{
    /// <summary>Options for one coordinator.</summary>
    /// <param name="address">Absolute, <c>http</c> or <c>https</c>, for example <c>http://10.0.0.5:7070</c>.</param>
    public CoordinatorClientOptions(Uri address) => Address = address;

    /// <summary>Where the coordinator listens.</summary>
    public Uri Address { get; init; }

    /// <summary>How long Begin, Rollback and Get may take, retries included. Commit has its own wait.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long disposing an uncommitted transaction may take to roll it back.</summary>
    public TimeSpan DisposeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The mean delay before the first retry; it doubles from retry to retry, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest delay between two retries.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long opening a connection may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After how much silence a connection with open calls is pinged.</summary>
    public TimeSpan KeepAliveDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a ping may go unanswered before the connection counts as lost.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The largest message to send, in bytes.</summary>
    public int MaxSendMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest message to receive, in bytes.</summary>
    public int MaxReceiveMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How many participants' SQL services one client talks to.</summary>
    public int MaxParticipantAddresses { get; init; } = 100;

    /// <summary>The most rows that <c>QueryAsync</c> of <see cref="ParticipantSql"/> keeps in memory.</summary>
    public int MaxQueryRows { get; init; } = 10_000;

    /// <summary>Over https: the certificate authorities to trust instead of the system's. Revocation is not checked.</summary>
    public X509Certificate2Collection? TrustedAuthorities { get; init; }

    /// <summary>Adds credentials, such as a token, to each call. Refused over http, where everybody could read them.</summary>
    public CallCredentials? Credentials { get; init; }

    /// <summary>Last word on the HTTP handler: client certificates, proxies, other ways to connect.</summary>
    public Action<SocketsHttpHandler>? ConfigureHttpHandler { get; init; }

    /// <summary>The clock of all waiting.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where the client and its channels log.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    internal void Validate()
    {
        RequireAddress(Address, nameof(Address));
        RequirePositive(CallTimeout, nameof(CallTimeout));
        RequirePositive(DisposeTimeout, nameof(DisposeTimeout));
        RequirePositive(RetryDelay, nameof(RetryDelay));
        RequirePositive(ConnectTimeout, nameof(ConnectTimeout));
        RequirePositive(KeepAliveTimeout, nameof(KeepAliveTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepAliveDelay, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRetryDelay, RetryDelay);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxSendMessageBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxReceiveMessageBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxParticipantAddresses);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxQueryRows);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(LoggerFactory);
    }

    internal static void RequireAddress(Uri address, string parameter)
    {
        ArgumentNullException.ThrowIfNull(address, parameter);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException(
                $"An address is an absolute http or https URL, for example http://127.0.0.1:7070; this is '{address}'.",
                parameter);
        }
    }

    internal static void RequirePositive(TimeSpan value, string parameter)
    {
        // The timers of .NET take no more than 49 days.
        if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(49))
            throw new ArgumentOutOfRangeException(parameter, value, "A duration is more than zero and at most 49 days.");
    }
}
