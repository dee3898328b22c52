using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>What goes on by itself: scans of every participant's database (R6), and trimming the log (R5).</summary>
internal sealed class PeriodicWork(
    ITransactionLog log,
    LogKeeper keeper,
    Attachments attachments,
    LogLineage lineage,
    EngineOptions options,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var lastTrim = time.GetTimestamp();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(options.ScanInterval, time, stopping);
                await attachments.ScanAllAsync();
                if (time.GetElapsedTime(lastTrim) >= options.TrimInterval && keeper.IsAvailable)
                {
                    lastTrim = time.GetTimestamp();
                    await TrimAsync();
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                Log.PeriodicFailed(logger, exception);
            }
        }
    }

    private async Task TrimAsync()
    {
        var trimmed = await log.TrimAsync(time.GetUtcNow() - options.Retention);
        lineage.Horizon = trimmed.Horizon ?? lineage.Horizon;
        if (trimmed.Transactions > 0)
            Log.Trimmed(logger, trimmed.Transactions);
    }
}
