using System.Security.Cryptography;
using Coordinator.Engine;
using Coordinator.Participant;
using Coordinator.Participant.Attach;
using Coordinator.Participant.Session;
using Microsoft.Extensions.Logging;

namespace Coordinator.Embedded;

/// <summary>A participant whose coordinator is in the same process: there is no stream that could end.</summary>
internal sealed class EmbeddedParticipant : ICoordinatorParticipant, IAsyncDisposable
{
    private readonly TransactionCoordinator _engine;
    private readonly IResourceManager _resources;
    private readonly ParticipantSession _session;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _watching;

    private EmbeddedParticipant(
        TransactionCoordinator engine, IResourceManager resources, ParticipantSession session, ParticipantOptions options, TimeProvider time, ILogger logger)
    {
        (_engine, _resources, _session) = (engine, resources, session);
        Branch = new BranchName(session.Name, session.Instance);
        var watch = new ResourceWatch(session, resources, _ => ScanAgain(), options, time, logger);
        _watching = watch.RunAsync(_stopping.Token);
    }

    /// <inheritdoc/>
    public BranchName Branch { get; }

    /// <inheritdoc/>
    public bool IsAttached => !_stopping.IsCancellationRequested;

    /// <inheritdoc/>
    public ResourceAttachment? Resource => _session.Resource;

    /// <inheritdoc/>
    public int OpenBranches => _session.OpenBranches;

    /// <inheritdoc/>
    public ParticipantSession? Session => _session;

    public static async Task<EmbeddedParticipant> AttachAsync(
        string name, IResourceManager resources, TransactionCoordinator engine, ParticipantOptions options, TimeProvider time, ILogger logger,
        CancellationToken cancellationToken)
    {
        var own = new BranchName(name, options.Instance ?? RandomNumberGenerator.GetHexString(8, lowercase: true));
        var resource = await resources.AttachAsync(cancellationToken);
        var session = new ParticipantSession(own, resources, resource, new Enlistment(engine), options, time, logger);
        // BEFORE it attaches: the first commands may come at once.
        session.TryAdvanceEpoch(engine.Cluster, engine.Epoch);
        try
        {
            await engine.AttachAsync(session);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        return new EmbeddedParticipant(engine, resources, session, options, time, logger);
    }

    /// <inheritdoc/>
    public Task WhenAttachedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<BranchWork> EnlistAsync(TransactionId transaction, CancellationToken cancellationToken) =>
        EnlistAsync(transaction, options: null, cancellationToken);

    /// <inheritdoc/>
    public Task<BranchWork> EnlistAsync(TransactionId transaction, BranchOptions? options, CancellationToken cancellationToken) =>
        _session.EnlistAsync(transaction, options, cancellationToken);

    /// <summary>Lets open branches end, within the drain limit; prepared ones stay prepared.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        _session.Drain();
        await _session.WhenIdleAsync(CancellationToken.None);
        await _stopping.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _engine.Detach(_session);
        await _session.DisposeAsync();
        await _resources.DisposeAsync();
        _stopping.Dispose();
    }

    // Failures are the engine's to record; it tries again at the next interval.
    private void ScanAgain() => _ = _engine.ScanAsync(_session);

    private sealed class Enlistment(TransactionCoordinator engine) : IEnlistment
    {
        public Task<TimeSpan> EnlistAsync(BranchId branch, CancellationToken cancellationToken)
        {
            try
            {
                return Task.FromResult(engine.Enlist(branch));
            }
            catch (EnlistmentRefusedException refused)
            {
                return Task.FromException<TimeSpan>(refused);
            }
        }
    }
}
