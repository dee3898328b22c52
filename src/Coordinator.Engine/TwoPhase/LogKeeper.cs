using Microsoft.Extensions.Logging;

namespace Coordinator.Engine;

/// <summary>
/// The one place for R4. A write whose result is unknown stops all deciding; the log is reopened (which writes anew and
/// forces what it reads); then each undecided transaction is settled by writing Aborted under the same key, so that
/// whichever of the two decisions was first stands.
/// </summary>
internal sealed class LogKeeper(ITransactionLog log, EngineOptions options, TimeProvider time, ILogger logger)
{
    private readonly Lock _gate = new();
    private Task? _reopening;

    /// <summary>Why nothing can be decided now; null if it can.</summary>
    public string? Failure { get; private set; }

    public bool IsAvailable => Failure is null;

    /// <summary>Makes a commit decision durable, or finds out what stands instead. Never gives up and never guesses.</summary>
    /// <param name="commit">The decision to write.</param>
    /// <param name="whenUnknown">Called once if the result is unknown, BEFORE waiting for the log.</param>
    public async Task<DecisionRecord> DecideAsync(DecisionRecord commit, Action<LogOutcomeUnknownException>? whenUnknown)
    {
        using var span = EngineTracing.StartDecision(commit.Transaction);
        try
        {
            return await log.DecideAsync(commit);
        }
        catch (LogOutcomeUnknownException exception)
        {
            span.Retry(exception.GetType().FullName!);
            whenUnknown?.Invoke(exception);
            await ReopenAsync(exception);
        }

        return await WriteAsync(() => log.DecideAsync(commit with
        {
            Decision = Decision.Abort,
            // An ordinary abort frees the key for another try, and so does this one.
            IdempotencyKey = null,
            Reason = "The log did not answer when the commit was to be decided.",
        }));
    }

    /// <summary>Appends a record that must not be lost; repeats it as long as the result is unknown, so it must be idempotent.</summary>
    public Task AppendAsync(LogRecord record, Durability durability) => WriteAsync(async () =>
    {
        await log.AppendAsync(record, durability);
        return true;
    });

    /// <summary>
    /// Reads from the log. A log that fails to answer is reopened whoever meets it first, and the reader is told to come
    /// again: without this a failure met by a read alone would never heal.
    /// </summary>
    /// <exception cref="RefusedException">The log does not answer.</exception>
    public async Task<T> ReadAsync<T>(Func<ITransactionLog, Task<T>> read)
    {
        try
        {
            return await read(log);
        }
        catch (LogOutcomeUnknownException exception)
        {
            _ = ReopenAsync(exception);
            throw new RefusedException(
                RefusalKind.Unavailable, Reasons.LogUnavailable, $"The log does not answer; try again: {exception.Message}");
        }
    }

    private async Task<T> WriteAsync<T>(Func<Task<T>> write)
    {
        while (true)
        {
            try
            {
                return await write();
            }
            catch (LogOutcomeUnknownException exception)
            {
                await ReopenAsync(exception);
            }
        }
    }

    private Task ReopenAsync(LogOutcomeUnknownException exception)
    {
        lock (_gate)
        {
            if (_reopening is { IsCompleted: false } running)
                return running;
            Failure = exception.Message;
            return _reopening = ReopenLoopAsync(exception);
        }
    }

    private async Task ReopenLoopAsync(LogOutcomeUnknownException first)
    {
        Log.LogUnavailable(logger, first);
        var delay = options.RetryDelay;
        while (true)
        {
            try
            {
                await log.ReopenAsync();
                Failure = null;
                Log.LogReopened(logger);
                return;
            }
            catch (Exception exception) when (exception is LogOutcomeUnknownException or LogRefusedException)
            {
                Failure = exception.Message;
                Log.LogStillUnavailable(logger, exception);
            }

            await Task.Delay(delay, time);
            delay = delay * 2 < options.MaxRetryDelay ? delay * 2 : options.MaxRetryDelay;
        }
    }
}
