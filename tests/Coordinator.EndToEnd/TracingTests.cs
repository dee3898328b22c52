using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.Testing.Otlp;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Coordinator.EndToEnd;

/// <summary>One transaction's trace, as a collector receives it from the application, the coordinator and two participants.</summary>
public sealed class TracingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Trace_OfACommit_GoesThroughAllProcesses()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var shop = await TracedShop.StartAsync(collector.Endpoint);
        using var client = shop.Connect();
        string id;
        using (Application(collector))
        {
            await using var transaction = await shop.WorkAsync(client, "order");
            id = transaction.Id.Value;
            await transaction.CommitAsync();
        }

        await Eventually.AssertAsync(
            () =>
            {
                var trace = OfTransaction(collector, id);
                var begin = Single(trace, "application", "begin");
                Assert.Equal("", begin.ParentSpanId);
                var commit = Single(trace, "application", "commit");
                AssertBelow(trace, begin, commit);
                Assert.Equal(2, trace.Count(span => span.Span.Name == "execute"));
                var driven = Single(trace, "coordinator", "commit");
                AssertBelow(trace, commit, driven);
                AssertBelow(trace, driven, Single(trace, "coordinator", "decide"));
                foreach (var participant in TracedShop.Participants)
                    AssertBranch(trace, participant, driven);
                // The driver's own spans: the statements, and what prepares and commits.
                foreach (var driver in (string[])["Npgsql", "MySqlConnector"])
                {
                    Assert.Contains(trace, span => span.Source == driver && IsBelow(trace, "execute", span));
                    Assert.Contains(trace, span => span.Source == driver && IsBelow(trace, "prepare", span));
                }
            },
            Limit, "the trace has all of the transaction");
    }

    /// <summary>Killed between decision and delivery; the next start delivers, in a trace that links to the first.</summary>
    [Fact]
    public async Task Trace_OfARecovery_LinksToTheFirst()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var shop = await TracedShop.StartAsync(collector.Endpoint);
        using var client = shop.Connect();
        using var application = Application(collector);
        var transaction = await shop.WorkAsync(client, "drill-decided");
        var commit = transaction.CommitAsync(new CommitOptions { Wait = TimeSpan.FromSeconds(60) });
        await shop.CoordinatorProcess.WaitForLineAsync("reached decided", Limit);
        await Eventually.AssertAsync(
            () => Single(OfTransaction(collector, transaction.Id.Value), "coordinator", "decide"), Limit, "the decision's span arrives");

        await shop.KillAndRestartCoordinatorAsync();
        await commit.WaitAsync(Limit);

        await Eventually.AssertAsync(
            () =>
            {
                var first = OfTransaction(collector, transaction.Id.Value);
                var recover = Assert.Single(collector.Spans.All, span => span.Span.Name == "recover");
                Assert.Equal("", recover.ParentSpanId);
                var link = Assert.Single(recover.Span.Links);
                Assert.Equal(first[0].TraceId, Convert.ToHexStringLower(link.TraceId.Span));
                Assert.NotEqual(first[0].TraceId, recover.TraceId);
                var second = collector.Spans.OfTrace(recover.TraceId);
                foreach (var participant in TracedShop.Participants)
                    AssertCommand(second, participant, "commit branch", recover);
            },
            Limit, "the recovery's trace arrives");
    }

    private static TracerProvider Application(OtlpCollector collector) => Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(resource => resource.AddService("application"))
        .AddSource(ClientTracing.SourceName, "System.Net.Http", "Grpc.Net.Client")
        .AddOtlpExporter(exporter =>
        {
            exporter.Endpoint = collector.Endpoint;
            exporter.ExportProcessorType = ExportProcessorType.Simple;
        })
        .Build();

    private static IReadOnlyList<ReceivedSpan> OfTransaction(OtlpCollector collector, string id)
    {
        var begin = Assert.Single(
            collector.Spans.All, span => span.Span.Name == "begin" && span.Span.Attributes.Find(SpanTags.Transaction) == id);
        return collector.Spans.OfTrace(begin.TraceId);
    }

    private static void AssertBranch(IReadOnlyList<ReceivedSpan> trace, string participant, ReceivedSpan driven)
    {
        AssertCommand(trace, participant, "prepare", driven);
        AssertCommand(trace, participant, "commit branch", driven);
        Assert.True(IsBelow(trace, "execute", Single(trace, $"participant-{participant}", "enlist")));
    }

    // The coordinator's span below its transaction's, and the participant's right below that.
    private static void AssertCommand(IReadOnlyList<ReceivedSpan> trace, string participant, string name, ReceivedSpan above)
    {
        var sent = Assert.Single(trace, span => Service(span) == "coordinator" && span.Span.Name == name
            && span.Span.Attributes.Find(SpanTags.Participant) == participant);
        Assert.Equal(above.SpanId, sent.ParentSpanId);
        Assert.Equal(sent.SpanId, Single(trace, $"participant-{participant}", name).ParentSpanId);
    }

    private static ReceivedSpan Single(IReadOnlyList<ReceivedSpan> trace, string service, string name) =>
        Assert.Single(trace, span => Service(span) == service && span.Span.Name == name);

    private static string? Service(ReceivedSpan span) => span.Resource.ServiceName();

    private static void AssertBelow(IReadOnlyList<ReceivedSpan> trace, ReceivedSpan above, ReceivedSpan span) =>
        Assert.Contains(above, Ancestors(trace, span));

    private static bool IsBelow(IReadOnlyList<ReceivedSpan> trace, string name, ReceivedSpan span) =>
        Ancestors(trace, span).Any(above => above.Span.Name == name);

    private static IEnumerable<ReceivedSpan> Ancestors(IReadOnlyList<ReceivedSpan> trace, ReceivedSpan span)
    {
        while (trace.FirstOrDefault(other => other.SpanId == span.ParentSpanId) is { } above)
            yield return span = above;
    }
}
