using System.Collections.Concurrent;
using System.Diagnostics;

namespace Coordinator.Client.Tests;

public sealed class TracingTests : ClientTest
{
    [Fact]
    public async Task Spans_WithoutOneOfTheCaller_AreAllInBeginsTrace()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ClientTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        ActivityContext began;

        // A trace of this test's own, since a listener gets the spans of all tests.
        using (var caller = new Activity("caller").Start())
        {
            await using var inCallers = await Client.BeginAsync();
            var begin = Assert.Single(ended, span => span.TraceId == caller.TraceId);
            Assert.Equal(("begin", caller.SpanId), (begin.OperationName, begin.ParentSpanId));
            Assert.Equal(inCallers.Id.Value, begin.GetTagItem(SpanTags.Transaction));
            began = begin.Context;
            // As after the caller's span.
            Activity.Current = null;
            await inCallers.RollbackAsync();
        }

        var rollback = Assert.Single(ended, span => span.TraceId == began.TraceId && span.OperationName == "rollback");
        Assert.Equal(began.SpanId, rollback.ParentSpanId);
    }
}
