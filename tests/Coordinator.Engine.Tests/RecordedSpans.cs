using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coordinator.Engine.Tests;

/// <summary>The engine's ended spans of one test: others run side by side, and a listener gets those of all.</summary>
internal sealed class RecordedSpans : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public RecordedSpans(ActivitySamplingResult sampling = ActivitySamplingResult.AllDataAndRecorded)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == EngineTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => sampling,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public IReadOnlyList<Activity> Of(TransactionId transaction) =>
        [.. _ended.Where(span => span.GetTagItem(SpanTags.Transaction) as string == transaction.Value)];

    public Activity Single(TransactionId transaction, string name) => Assert.Single(Of(transaction), span => span.OperationName == name);

    public void Dispose() => _listener.Dispose();
}
