namespace Coordinator;

/// <summary>
/// Waits that stay on the caller's scheduler. WaitAsync, WhenAny and WhenAll hook themselves to a task directly, and a
/// TaskCompletionSource that runs its continuations asynchronously runs such hooks on the thread pool, whatever the
/// scheduler of those who wait: a seeded simulation would lose its order there.
/// </summary>
internal static class ScheduledWaits
{
    /// <summary>The same task, completed where its caller runs.</summary>
    public static async Task OnCallersScheduler(this Task task) => await task;

    /// <inheritdoc cref="OnCallersScheduler(Task)"/>
    public static async Task<T> OnCallersScheduler<T>(this Task<T> task) => await task;
}
