using Coordinator.Contracts.V1;
using Coordinator.Server;
using Coordinator.Simulation.Scheduling;
using Grpc.Core;

namespace Coordinator.Simulation.Nodes;

/// <summary>An application's way to the coordinator: the initiator's stream over a <see cref="Link"/> instead of HTTP.</summary>
internal sealed class InitiatorCalls(World world, SimulatedProcess process) : CallInvoker
{
    private static readonly Status _broken = new(StatusCode.Unavailable, "the connection was lost");

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        Open() as AsyncDuplexStreamingCall<TRequest, TResponse> ?? throw new NotSupportedException($"{method.FullName} is not simulated.");

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        throw new NotSupportedException();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw new NotSupportedException();

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) => throw new NotSupportedException();

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) => throw new NotSupportedException();

    /// <summary>The coordinator's side: what the service does with the stream.</summary>
    public static void Serve(World world, Link link, SimulatedProcess coordinator)
    {
        var requests = new LinkReader<InitiatorFrame>();
        var isServed = false;
        link.Listen(
            coordinator,
            message =>
            {
                if (message is InitiatorFrame frame)
                    requests.Take(frame);
                else
                    requests.End(((EndOfCall)message).Status);
                if (!isServed)
                    coordinator.Start(() => ServeAsync(world, link, coordinator, requests));
                isServed = true;
            },
            () => requests.End(_broken));
    }

    private AsyncDuplexStreamingCall<InitiatorFrame, InitiatorReplyFrame> Open()
    {
        var replies = new LinkReader<InitiatorReplyFrame>();
        // Nobody answers there: the connection is refused, or the other side is never reached.
        var callee = world.Coordinator.Process is { IsDead: false } coordinator && !world.Network.Chance(world.Faults.MessageLost) ? coordinator : null;
        var link = new Link(world, process, callee ?? process, isStream: true);
        link.Listen(
            process,
            message =>
            {
                if (message is InitiatorReplyFrame frame)
                    replies.Take(frame);
                else
                    replies.End(((EndOfCall)message).Status);
            },
            () => replies.End(_broken));
        if (callee is null)
            link.Break();
        else
            Serve(world, link, callee);
        return new AsyncDuplexStreamingCall<InitiatorFrame, InitiatorReplyFrame>(
            new LinkWriter<InitiatorFrame>(world, link, process), replies, Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], link.Break);
    }

    private static async Task ServeAsync(World world, Link link, SimulatedProcess process, LinkReader<InitiatorFrame> requests)
    {
        var status = Status.DefaultSuccess;
        if (world.Coordinator.Running is not { } coordinator)
        {
            link.Break();
            return;
        }

        using var stream = new FramedStream<InitiatorFrame, InitiatorReplyFrame, InitiatorReply>(
            requests, new LinkWriter<InitiatorReplyFrame>(world, link, process), link.Break, InitiatorEndpoint.Shape, world.ServerOptions, process.Time, world.Coordinator.ServerMetrics);
        try
        {
            await InitiatorSession.ServeAsync(coordinator, stream, world.ServerOptions, world.Coordinator.Logger);
        }
        catch (RpcException ended)
        {
            status = ended.Status;
            world.Oracle.Tally.Count("initiators' streams that broke");
        }

        link.Send(process, new EndOfCall(status));
    }
}
