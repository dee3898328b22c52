using Microsoft.AspNetCore.Http;

namespace Coordinator.Server;

/// <summary>Tells the calls that wait, and the streams, that the process ends. What is decided stays in the log.</summary>
internal sealed class Shutdown : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One more than the calls under way until the shutdown begins, so that it does not count as answered before.
    private int _calls = 1;

    /// <summary>Cancelled when waiting calls and open streams are to end.</summary>
    public CancellationToken Token => _ending.Token;

    public bool HasBegun => _ending.IsCancellationRequested;

    /// <summary>Counts every call until its answer has been handed to the connection.</summary>
    public Task TrackAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _calls);
        context.Response.OnCompleted(() =>
        {
            CallEnded();
            return Task.CompletedTask;
        });
        return next(context);
    }

    /// <summary>
    /// Ends the calls that wait, and lets them answer. The port must not close BEFORE: a connection that closes with an
    /// answer on its way makes the caller see Internal instead of the reason.
    /// </summary>
    public async Task EndCallsAsync(TimeSpan limit)
    {
        await _ending.CancelAsync();
        CallEnded();
        await Task.WhenAny(_answered.Task, Task.Delay(limit));
    }

    public void Dispose() => _ending.Dispose();

    private void CallEnded()
    {
        if (Interlocked.Decrement(ref _calls) == 0)
            _answered.TrySetResult();
    }
}
