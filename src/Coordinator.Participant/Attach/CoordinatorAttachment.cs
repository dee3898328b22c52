using Coordinator.Contracts.V1;
using Coordinator.Participant.Session;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Coordinator.Participant.Attach;

/// <summary>
/// Keeps a participant attached to its coordinator, for ever: a stream that ends, for whatever reason, is followed by
/// another. Enlistments go over the stream that is open; without one they fail at once.
/// </summary>
internal sealed class CoordinatorAttachment : IEnlistment, IDisposable
{
    private readonly BranchName _own;
    private readonly Uri _coordinator;
    private readonly ParticipantOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly GrpcChannel _channel;
    private readonly ResiliencePipeline _retries;
    private volatile AttachStream? _stream;
    private volatile string? _restarted;
    private volatile bool _finishing;
    private volatile TaskCompletionSource _attached = NewSignal();

    public CoordinatorAttachment(
        BranchName own, Uri coordinator, ParticipantOptions options, TimeProvider time, ILogger logger)
    {
        (_own, _coordinator, _options, _time, _logger) = (own, coordinator, options, time, logger);
        _channel = GrpcChannel.ForAddress(coordinator, ChannelOptions(options));
        _retries = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(RetryForEver()).Build();
    }

    /// <summary>True while a stream is registered.</summary>
    public bool IsAttached => _stream is not null;

    /// <summary>Completes once a stream is registered.</summary>
    public Task WhenAttachedAsync(CancellationToken cancellationToken) => _attached.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken) =>
        _stream is { } stream
            ? stream.EnlistAsync(branch, cancellationToken)
            : Task.FromException<TimeSpan>(new ParticipantUnavailableException(
                $"Participant {_own} is not attached to its coordinator at present."));

    /// <summary>
    /// Tells the coordinator that the database's server was restarted. A stream that is just being registered says so
    /// once it is: what it registered with may be older.
    /// </summary>
    public void SendRestarted(string serverStart)
    {
        _restarted = serverStart;
        _stream?.SendRestarted(serverStart);
    }

    /// <summary>Attaches, again and again, until cancelled.</summary>
    /// <param name="session">Gets the commands.</param>
    /// <param name="refresh">
    /// Looks at the database anew before each stream: other processes may have had newer coordinator marks remembered,
    /// and a stale one would hide a log that was restored from a backup (R7).
    /// </param>
    /// <param name="cancellationToken">Ends the stream at once.</param>
    public async Task RunAsync(
        ParticipantSession session, Func<CancellationToken, Task<ResourceAttachment>> refresh, CancellationToken cancellationToken)
    {
        // A stream that was registered starts the pauses anew when it ends; one that never was lengthens them.
        while (!_finishing && !cancellationToken.IsCancellationRequested)
        {
            await _retries.ExecuteAsync(async token => await AttachOnceAsync(session, refresh, token), cancellationToken);
            await Task.Delay(_options.ReconnectDelay, _time, cancellationToken);
        }
    }

    /// <summary>Attaches no more, and ends the stream once the answers to running commands are out.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        _finishing = true;
        if (_stream is { } stream)
            await stream.FinishAsync(cancellationToken);
    }

    public void Dispose() => _channel.Dispose();

    // A channel that failed to connect makes its own pauses, of up to two minutes unless told otherwise, and fails every
    // call meanwhile: a participant would find the coordinator back only that much later, whatever its options say.
    internal static GrpcChannelOptions ChannelOptions(ParticipantOptions options) => new()
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectTimeout = options.RegisterTimeout,
            // A connection carries 100 streams; participants of one process may share more.
            EnableMultipleHttp2Connections = true,
        },
        DisposeHttpClient = true,
        MaxReceiveMessageSize = options.MaxMessageBytes,
        MaxSendMessageSize = options.MaxMessageBytes,
        InitialReconnectBackoff = options.ReconnectDelay,
        MaxReconnectBackoff = options.MaxReconnectDelay,
    };

    private async Task AttachOnceAsync(
        ParticipantSession session, Func<CancellationToken, Task<ResourceAttachment>> refresh, CancellationToken cancellationToken)
    {
        var resource = await refresh(cancellationToken);
        session.Refresh(resource);
        var call = new ParticipantService.ParticipantServiceClient(_channel).Attach(cancellationToken: cancellationToken);
        var stream = new AttachStream(call, new CommandExecutor(session, _options, _logger), _options, _time, _logger);
        var registered = false;
        try
        {
            await stream.RunAsync(
                WireMapping.ToRegister(_own, resource, _options),
                answer =>
                {
                    Accept(session, answer);
                    registered = true;
                    _stream = stream;
                    if (_restarted is { } restarted && restarted != resource.ServerStart)
                        stream.SendRestarted(restarted);
                    _attached.TrySetResult();
                },
                cancellationToken);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // However the stream ended, it was told to.
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (RpcException failure)
        {
            if (AttachRefusedException.From(failure) is { } refused)
                throw refused;
            if (!registered)
                throw;
            if (!_finishing)
                Log.StreamEnded(_logger, failure.Status.Detail, _own);
        }
        catch (TimeoutException silence) when (registered)
        {
            Log.StreamEnded(_logger, silence.Message, _own);
        }
        finally
        {
            if (registered)
            {
                _stream = null;
                _attached = NewSignal();
            }
        }
    }

    private void Accept(ParticipantSession session, Registered registered)
    {
        if (!ClusterId.TryParse(registered.Cluster, out var cluster) || !Epoch.TryParse(registered.Epoch, out var epoch))
            throw new AttachRefusedException("The coordinator's cluster or epoch does not match the grammar: check that both are of one version.");
        if (!session.TryAdvanceEpoch(cluster, epoch))
        {
            throw new AttachRefusedException(
                $"The coordinator at {_coordinator} has epoch {epoch}, but {session.Epoch} attached before. An older start of it "
                + "still runs, or its log was restored from a backup: end the older one, or restart this participant.");
        }

        Log.Attached(_logger, _own, _coordinator, cluster, epoch);
    }

    // Everything is retried: a kill is Unavailable, a clean end Internal, a database that is down its driver's exception.
    private RetryStrategyOptions RetryForEver() => new()
    {
        MaxRetryAttempts = int.MaxValue,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = _options.ReconnectDelay,
        MaxDelay = _options.MaxReconnectDelay,
        ShouldHandle = arguments => ValueTask.FromResult(
            arguments.Outcome.Exception is not null && !arguments.Context.CancellationToken.IsCancellationRequested),
        // Null leaves the delay to the backoff.
        DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(
            IsRefusal(arguments.Outcome.Exception!) ? _options.RefusedDelay : null),
        OnRetry = arguments =>
        {
            LogRetry(arguments.Outcome.Exception!, arguments.RetryDelay);
            return ValueTask.CompletedTask;
        },
    };

    private static bool IsRefusal(Exception failure) => failure is AttachRefusedException or ResourceRefusedException;

    private void LogRetry(Exception failure, TimeSpan delay)
    {
        if (IsRefusal(failure))
            Log.AttachRefused(_logger, _own, _coordinator, failure.Message, delay);
        else
            Log.AttachFailed(_logger, _own, _coordinator, failure.Message, delay);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
