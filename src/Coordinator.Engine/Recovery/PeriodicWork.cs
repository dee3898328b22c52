using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>What goes on by itself: scans of every participant's database (R6), and trimming the log (R5).</summary>
internal sealed class PeriodicWork(
    LogKeeper keeper,
    Attachments attachments,
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
                attachments.NextScanAt = time.GetUtcNow() + options.ScanInterval;
                await Task.Delay(options.ScanInterval, time, stopping);
                attachments.StartScans();
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
        var trimmed = await keeper.ReadAsync(log => log.TrimAsync(time.GetUtcNow() - options.Retention));
        if (trimmed.Transactions > 0)
            Log.Trimmed(logger, trimmed.Transactions);
    }
}
