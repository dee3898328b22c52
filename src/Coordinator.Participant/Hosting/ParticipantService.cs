using System.Security.Cryptography;
using Coordinator.Participant.Attach;
using Coordinator.Participant.Context;
using Coordinator.Participant.Session;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Coordinator.Participant.Hosting;

/// <summary>
/// One participant in a host's life: it reaches the database, attaches to the coordinator, watches the database, and at
/// shutdown lets open transactions end before it ends the stream. Prepared branches stay prepared.
/// </summary>
internal sealed class ParticipantService : BackgroundService, ICoordinatorParticipant, IAsyncDisposable
{
    private readonly IResourceManager _resources;
    private readonly ParticipantOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IHostApplicationLifetime? _lifetime;
    private readonly CoordinatorAttachment _attachment;
    private volatile ParticipantSession? _session;
    private bool _disposed;

    public ParticipantService(
        string name,
        Uri coordinator,
        IResourceManager resources,
        ParticipantOptions options,
        TimeProvider time,
        ILogger logger,
        IHostApplicationLifetime? lifetime)
    {
        options.Validate();
        Branch = new BranchName(name, options.Instance ?? RandomNumberGenerator.GetHexString(8, lowercase: true));
        (_resources, _options, _time, _logger, _lifetime) = (resources, options, time, logger, lifetime);
        _attachment = new CoordinatorAttachment(Branch, coordinator, options, time, logger);
    }

    /// <inheritdoc/>
    public BranchName Branch { get; }

    /// <inheritdoc/>
    public bool IsAttached => _attachment.IsAttached;

    /// <inheritdoc/>
    public ResourceAttachment? Resource => _session?.Resource;

    /// <inheritdoc/>
    public ParticipantSession? Session => _session;

    /// <inheritdoc/>
    public int OpenBranches => _session?.OpenBranches ?? 0;

    /// <summary>The database refused to take part at the first start; the ready-made host ends then.</summary>
    public event Action<ResourceRefusedException>? RefusedAtStart;

    /// <inheritdoc/>
    public Task WhenAttachedAsync(CancellationToken cancellationToken) => _attachment.WhenAttachedAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<BranchWork> EnlistAsync(TransactionId transaction, CancellationToken cancellationToken) =>
        EnlistAsync(transaction, options: null, cancellationToken);

    /// <inheritdoc/>
    public async Task<BranchWork> EnlistAsync(
        TransactionId transaction, BranchOptions? options, CancellationToken cancellationToken)
    {
        var session = _session ?? throw new ParticipantUnavailableException(
            $"Participant {Branch} has not reached its database yet.");
        var work = await session.EnlistAsync(transaction, options, cancellationToken);
        TransactionContext.Current?.Note(work.Id);
        return work;
    }

    /// <summary>Lets open transactions end, within the drain limit, and then ends the stream at once.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_session is { } session)
        {
            session.Drain();
            await session.WhenIdleAsync(cancellationToken);
            await FinishStreamAsync(cancellationToken);
        }

        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        base.Dispose();
        _attachment.Dispose();
        if (_session is { } session)
            await session.DisposeAsync();
        await _resources.DisposeAsync();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // New transactions are refused as soon as the host begins to stop, BEFORE its servers close.
        _lifetime?.ApplicationStopping.Register(() => _session?.Drain());
        await WhenStartedAsync(stoppingToken);
        var resource = await FirstAttachAsync(stoppingToken);
        var session = new ParticipantSession(Branch, _resources, resource, _attachment, _options, _time, _logger);
        _session = session;
        Log.DatabaseReached(_logger, Branch, resource.Identity, resource.ServerVersion, session.MaxOpenBranches);
        var watch = new ResourceWatch(session, _resources, _attachment.SendRestarted, _options, _time, _logger);
        await Task.WhenAll(
            _attachment.RunAsync(session, token => RefreshAsync(resource.Identity, token), stoppingToken),
            watch.RunAsync(stoppingToken));
    }

    // The coordinator is told where this process listens, so that comes first.
    private async Task WhenStartedAsync(CancellationToken cancellationToken)
    {
        if (_lifetime is null)
            return;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = _lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellationToken);
    }

    private async Task FinishStreamAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.EndWorkGrace, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _attachment.FinishAsync(either.Token);
        }
        catch (Exception failure) when (SessionContext.IsNoAnswer(failure) || failure is Grpc.Core.RpcException)
        {
            // The stream is ended anyway: a coordinator that got no answer sends its command to another instance.
            Log.StreamNotFinished(_logger, failure, Branch);
        }
    }

    private async Task<ResourceAttachment> FirstAttachAsync(CancellationToken cancellationToken)
    {
        var retries = new ResiliencePipelineBuilder { TimeProvider = _time }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = _options.ReconnectDelay,
            MaxDelay = _options.MaxReconnectDelay,
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is { } failure
                && SessionContext.IsNoAnswer(failure)
                && !arguments.Context.CancellationToken.IsCancellationRequested),
            DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(
                arguments.Outcome.Exception is ResourceRefusedException ? _options.RefusedDelay : null),
            OnRetry = arguments =>
            {
                LogRetry(arguments.Outcome.Exception!, arguments.RetryDelay);
                return ValueTask.CompletedTask;
            },
        }).Build();
        return await retries.ExecuteAsync(async token => await _resources.AttachAsync(token), cancellationToken);
    }

    // A database that was exchanged for another one under a running process must not get its branches.
    private async Task<ResourceAttachment> RefreshAsync(ResourceIdentity expected, CancellationToken cancellationToken)
    {
        var resource = await _resources.AttachAsync(cancellationToken);
        return resource.Identity == expected
            ? resource
            : throw new ResourceRefusedException(
                $"Another database answers than before: {resource.Identity} instead of {expected}. Restart this process if that is meant.");
    }

    private void LogRetry(Exception failure, TimeSpan delay)
    {
        if (failure is ResourceRefusedException refusal)
        {
            Log.DatabaseRefused(_logger, Branch, refusal.Message, delay);
            RefusedAtStart?.Invoke(refusal);
        }
        else
        {
            Log.DatabaseUnreachable(_logger, Branch, failure.Message, delay);
        }
    }
}
