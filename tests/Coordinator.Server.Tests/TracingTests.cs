using System.Diagnostics;
using Coordinator.Contracts.V1;
using Coordinator.Engine;

namespace Coordinator.Server.Tests;

/// <summary>The trace's context on the streams, which were opened long before the transactions that use them.</summary>
public sealed class TracingTests
{
    [Fact]
    public async Task Prepare_OverTheAttachStream_CarriesItsSpanOfTheCallersTrace()
    {
        using var listener = Listen(EngineTracing.SourceName, ServerTracing.SourceName, "Microsoft.AspNetCore");
        await using var server = await TestServer.StartAsync();
        await using var inventory = await server.AttachAsync();
        await using var orders = await server.AttachAsync("orders");
        var id = await server.BeginAsync();
        await inventory.EnlistAsync(id, "inventory.4f7c01ab");
        await orders.EnlistAsync(id, "orders.4f7c01ab");
        // Of this trace and no other, although the streams are older.
        using var caller = new Activity("caller") { ActivityTraceFlags = ActivityTraceFlags.Recorded };
        caller.Start();

        await server.Transactions.CommitAsync(new CommitRequest { TransactionId = id });

        var commands = inventory.Commands.Concat(orders.Commands).Where(command => command.Prepare is not null || command.Commit is not null).ToList();
        Assert.Equal(4, commands.Count);
        foreach (var command in commands)
        {
            Assert.True(ActivityContext.TryParse(command.Traceparent, command.Tracestate, out var context));
            Assert.Equal(caller.TraceId, context.TraceId);
            Assert.NotEqual(caller.SpanId, context.SpanId);
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("no traceparent", "")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01", "")]
    public void Read_MissingOrMalformed_IsNone(string parent, string state) => Assert.False(TraceContext.TryRead(parent, state, out _));

    [Fact]
    public void Read_StateTooLong_IsLeftOut()
    {
        Assert.True(TraceContext.TryRead("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=" + new string('x', 600), out var context));
        Assert.Null(context.TraceState);
    }

    private static ActivityListener Listen(params string[] sources)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => sources.Contains(source.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
