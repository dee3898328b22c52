using System.Diagnostics;

namespace Coordinator.Engine.Tests;

/// <summary>The engine's spans: what a transaction looks like in a trace, with faults and after a crash.</summary>
public sealed class TracingTests
{
    [Fact]
    public async Task Commit_TwoBranches_IsOneTraceOfPrepareDecideAndDelivery()
    {
        using var spans = new RecordedSpans();
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();

        await world.CommitAsync(id);
        await WhenEndedAsync(spans, id, "commit");

        var commit = spans.Single(id, "commit");
        Assert.Equal("Committed", commit.GetTagItem(SpanTags.Outcome));
        var decide = spans.Single(id, "decide");
        Assert.All(spans.Of(id).Where(span => span != commit), span => Assert.Equal(commit.SpanId, span.ParentSpanId));
        Assert.Equal(["inventory", "orders"], Participants(spans, id, "prepare"));
        Assert.Equal(["inventory", "orders"], Participants(spans, id, "commit branch"));
        Assert.All(spans.Of(id).Where(span => span.OperationName == "commit branch"), span => Assert.True(span.StartTimeUtc >= decide.StartTimeUtc));
        Assert.All(spans.Of(id), span => Assert.NotEqual(ActivityStatusCode.Error, span.Status));
    }

    [Fact]
    public async Task Commit_OneVotesNo_FailsThePrepareAndTheCommit()
    {
        using var spans = new RecordedSpans();
        await using var world = await World.StartAsync();
        world.Orders.NextVote = new Vote.No("23503 secret value");
        var id = await world.BeginWithWorkAsync();

        await world.CommitAsync(id);
        await WhenEndedAsync(spans, id, "commit");

        var failed = Assert.Single(spans.Of(id), span => span.OperationName == "prepare" && span.Status == ActivityStatusCode.Error);
        Assert.Equal((Reasons.VotedNo, "orders"), (failed.GetTagItem(SpanTags.ErrorType), failed.GetTagItem(SpanTags.Participant)));
        Assert.Equal(ActivityStatusCode.Error, spans.Single(id, "commit").Status);
        Assert.DoesNotContain(spans.Of(id).SelectMany(span => span.TagObjects), tag => $"{tag.Value}".Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Delivery_FirstAttemptFails_IsAnEventOfItsSpan()
    {
        using var spans = new RecordedSpans();
        await using var world = await World.StartAsync();
        var attempts = 0;
        world.Orders.Before("commit", _ => ++attempts == 1 ? throw new ParticipantUnavailableException("once") : Task.CompletedTask);
        var id = await world.BeginWithWorkAsync();

        var commit = world.CommitAsync(id);
        await world.AdvanceUntilAsync(() => commit.IsCompleted, "the commit is delivered at the second attempt");
        await WhenEndedAsync(spans, id, "commit");

        var delivery = Assert.Single(spans.Of(id), span => span.OperationName == "commit branch" && span.GetTagItem(SpanTags.Participant) as string == "orders");
        var retry = Assert.Single(delivery.Events);
        Assert.Equal("retry", retry.Name);
        Assert.Equal(typeof(ParticipantUnavailableException).FullName, Assert.Single(retry.Tags).Value);
        Assert.NotEqual(ActivityStatusCode.Error, delivery.Status);
    }

    /// <summary>Two branches; the coordinator dies once the decision is durable; the next start delivers it.</summary>
    [Fact]
    public async Task Recovery_AfterACrash_IsATraceOfItsOwnThatLinksToTheFirst()
    {
        using var spans = new RecordedSpans();
        await using var world = await World.StartAsync();
        world.Orders.Before("commit", _ => Task.Delay(Timeout.Infinite));
        world.Inventory.Before("commit", _ => Task.Delay(Timeout.Infinite));
        var id = await world.BeginWithWorkAsync();
        _ = world.Coordinator.CommitAsync(id, [], untilDelivered: true, CancellationToken.None);
        await WhenEndedAsync(spans, id, "decide");
        var decide = spans.Single(id, "decide");

        world.Crash();
        await world.RestartAsync();
        await world.AdvanceUntilAsync(() => spans.Of(id).Any(span => span.OperationName == "recover"), "recovery ends");

        var recover = spans.Single(id, "recover");
        Assert.NotEqual(decide.TraceId, recover.TraceId);
        var link = Assert.Single(recover.Links).Context;
        Assert.Equal((decide.TraceId, decide.ParentSpanId), (link.TraceId, link.SpanId));
        Assert.Equal(2, spans.Of(id).Count(span => span.OperationName == "commit branch" && span.ParentSpanId == recover.SpanId));
    }

    [Fact]
    public async Task Commit_TraceIsNotSampled_KeepsNothingInTheLog()
    {
        using var unsampled = new Activity("unsampled").Start();
        await using var world = await World.StartAsync();
        var id = await world.BeginWithWorkAsync();

        await world.CommitAsync(id);

        Assert.Null((await world.Log.FindDecisionAsync(id))!.DecidedIn);
    }

    private static string[] Participants(RecordedSpans spans, TransactionId id, string name) =>
        [.. spans.Of(id).Where(span => span.OperationName == name).Select(span => (string)span.GetTagItem(SpanTags.Participant)!).Order(StringComparer.Ordinal)];

    // The caller is answered just before the last span ends.
    private static Task WhenEndedAsync(RecordedSpans spans, TransactionId id, string name) => Testing.Eventually.AssertAsync(
        () => spans.Of(id).Any(span => span.OperationName == name), TimeSpan.FromSeconds(10), $"the span {name} ends");
}
