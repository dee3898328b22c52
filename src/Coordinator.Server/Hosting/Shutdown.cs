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
    /// Ends the calls that wait, and lets them answer. The port must not close BEFORE, nor at once: a .NET client whose
    /// connection closes while it still has a stream's request side open throws away the status that it has received,
    /// and its caller sees Internal instead of the reason.
    /// </summary>
    /// <param name="limit">How long the calls get to answer.</param>
    /// <param name="grace">How long callers get to read the answers; not waited for if there are none.</param>
    public async Task EndCallsAsync(TimeSpan limit, TimeSpan grace)
    {
        await _ending.CancelAsync();
        if (Interlocked.Decrement(ref _calls) == 0)
            return;
        await Task.WhenAny(_answered.Task, Task.Delay(limit));
        await Task.Delay(grace);
    }

    public void Dispose() => _ending.Dispose();

    private void CallEnded()
    {
        if (Interlocked.Decrement(ref _calls) == 0)
            _answered.TrySetResult();
    }
}
