using Coordinator.Client;
using Coordinator.Initiation.Stream;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Coordinator.Initiation;

/// <summary>
/// Global transactions of an application that hosts its participants: it prepares its branches itself, all at once, and
/// sends the coordinator one message, the votes. Every rule of two-phase commit stands; what falls away is the way there
/// and back for Begin, for each enlistment, each vote and each command. One object serves any number of threads.
/// </summary>
public sealed class TransactionInitiator : IAsyncDisposable
{
    private readonly ILastAgent _agent;
    private readonly InitiatorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="agent">Who decides; disposed with this.</param>
    /// <param name="options">Limits and times; null: the defaults.</param>
    /// <param name="time">All waiting; null: the system's.</param>
    /// <param name="loggers">Null: none.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TransactionInitiator(
        ILastAgent agent, InitiatorOptions? options = null, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(agent);
        _agent = agent;
        _options = options ?? new InitiatorOptions();
        _options.Validate();
        _time = time ?? TimeProvider.System;
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("Coordinator.Initiation");
    }

    /// <summary>An initiator of a coordinator service. It connects in the background, and again whenever it must.</summary>
    /// <param name="client">The way to the coordinator; not disposed with this.</param>
    /// <param name="options">Limits and times; null: the defaults.</param>
    /// <param name="time">All waiting; null: the system's.</param>
    /// <param name="loggers">Null: none.</param>
    public static TransactionInitiator Connect(
        CoordinatorClient client, InitiatorOptions? options = null, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        options ??= new InitiatorOptions();
        options.Validate();
        var logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("Coordinator.Initiation");
        return new TransactionInitiator(
            new StreamLastAgent(client.CallInvoker, options, time ?? TimeProvider.System, logger), options, time, loggers);
    }

    /// <summary>Begins a transaction; no message is sent.</summary>
    /// <exception cref="CoordinatorUnavailableException">No id could be had: the coordinator is away, or full.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or there is an idempotency key: that needs <see cref="CoordinatorClient.BeginAsync"/>.</exception>
    public async Task<InitiatedTransaction> BeginAsync(BeginOptions? options = null, CancellationToken cancellationToken = default)
    {
        var name = options?.Name ?? "";
        // Refused here: at the commit, which carries it, every branch would be prepared already.
        if (name.Length > 100 || name.Any(char.IsControl))
            throw new ArgumentException("A name has at most 100 characters, none of them a control character.", nameof(options));
        if (options?.IdempotencyKey is not null)
            throw new ArgumentException("An initiator's transaction has no idempotency key; begin it with CoordinatorClient.BeginAsync.", nameof(options));
        var timeout = options?.Timeout ?? _options.DefaultTimeout;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero, nameof(options));
        var id = await _agent.TakeIdAsync(cancellationToken);
        return new InitiatedTransaction(id, name, timeout, _agent, _options, _time, _logger);
    }

    /// <summary>
    /// Disconnects: what is open and undecided can no longer commit, and what is prepared of it is rolled back by the
    /// participants' next scan.
    /// </summary>
    public ValueTask DisposeAsync() => _agent.DisposeAsync();
}
