namespace Coordinator.Grpc.Tests.Loopback;

/// <summary>Waits for what another process or thread brings about, but not for ever.</summary>
internal static class Eventually
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    internal static async Task<T> Within<T>(this Task<T> task, TimeSpan? limit = null) =>
        await task.WaitAsync(limit ?? Limit);

    internal static async Task Within(this Task task, TimeSpan? limit = null) =>
        await task.WaitAsync(limit ?? Limit);
}
