using Coordinator.Participant.Session;
using Microsoft.Extensions.Logging;

namespace Coordinator.Participant.Attach;

/// <summary>
/// Looks at the database now and then: tells the coordinator when its server was restarted (branches may have come back
/// as prepared, R6), lets go of branches that others finished, and trims proofs of old outcomes.
/// </summary>
internal sealed class ResourceWatch(
    ParticipantSession session,
    IResourceManager resources,
    Action<string> sendRestarted,
    ParticipantOptions options,
    TimeProvider time,
    ILogger logger)
{
    private long _swept = time.GetTimestamp();
    private long _trimmed = time.GetTimestamp();
    private bool _failing;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(options.ResourcePollInterval, time, cancellationToken);
            try
            {
                await LookAsync(cancellationToken);
                _failing = false;
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                // The loop's edge. A database that is down is told of once, and looked at again.
                if (!_failing)
                    Log.WatchFailed(logger, failure, session.Name);
                _failing = true;
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var start = await resources.GetServerStartAsync(cancellationToken);
        if (session.NoteServerStart(start))
        {
            Log.DatabaseRestarted(logger, session.Name);
            sendRestarted(start);
        }

        if (IsDue(ref _swept, options.SweepInterval))
            await session.SweepAsync(cancellationToken);
        if (IsDue(ref _trimmed, options.TrimInterval))
            await resources.TrimAsync(options.ProofRetention, cancellationToken);
    }

    private bool IsDue(ref long last, TimeSpan interval)
    {
        if (time.GetElapsedTime(last) < interval)
            return false;
        last = time.GetTimestamp();
        return true;
    }
}
