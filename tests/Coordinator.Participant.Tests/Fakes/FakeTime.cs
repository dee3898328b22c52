using Coordinator.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Coordinator.Participant.Tests.Fakes;

internal static class FakeTime
{
    /// <summary>Moves the clock a little again and again until the task is done: for waits that only the clock ends.</summary>
    public static async Task<T> WhileAdvancing<T>(this Task<T> task, FakeTimeProvider time)
    {
        await Eventually.AssertAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(500));
                return task.IsCompleted;
            },
            TimeSpan.FromSeconds(20),
            "the wait ends");
        return await task;
    }
}
