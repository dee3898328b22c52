using System.Diagnostics;

namespace Coordinator.Client;

public sealed partial class GlobalTransaction
{
    /// <summary>A span of this transaction: in the caller's trace, else in the one that Begin started.</summary>
    internal Activity? StartSpan(string name)
    {
        var span = ClientTracing.Source.StartActivity(name, ActivityKind.Client, Activity.Current is null ? BegunIn : default);
        span?.SetTag(SpanTags.Transaction, Id.Value);
        return span;
    }

    private async Task<T> TraceAsync<T>(string name, Func<Task<T>> call)
    {
        using var span = StartSpan(name);
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            span.Fail(failure);
            throw;
        }
    }

    private Task<bool> TraceAsync(string name, Func<Task> call) => TraceAsync(name, async () =>
    {
        await call().ConfigureAwait(false);
        return true;
    });
}
